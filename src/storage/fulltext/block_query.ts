/** Answers a query from one block of the search database. */
import type { Row, Sql, SqlValue } from "../driver.ts";
import { bytes, number, text } from "../row.ts";
import { DOCUMENT, MAX_WITHIN } from "./block_builder.ts";
import { NO, PERHAPS, YES } from "./content_states.ts";
import { BODY, PRESENT } from "./index_field.ts";
import type { IndexQuery, PieceMatch, QueryPiece } from "./index_query.ts";
import { WORD_END, WORD_START } from "./search_schema.ts";
import { VarintReader } from "./varints.ts";

/** Characters of a term of `grams`. */
const GRAM = 3;

/** Terms that one word is looked up with: more would not narrow it further. */
const MAX_GRAMS = 8;

/**
 * Rows of words read at once. A piece that fits more words of one block than
 * this is in most messages: reading on in order finds them all soonest.
 */
const PAGE = 2_000;

/**
 * Fields with fewer words are read in order: FTS5 steps through all that
 * stands before the first row that it is asked for.
 */
export const FEW_WORDS = 8_000;

/** Where in a message to look: all of it, its body, or one field of it. */
export type Scope = "all" | "body" | number;

/** One block, as read. */
export interface Block {
  readonly first: number;
  readonly last: number;
  readonly documents: number;
  readonly firstWord: number;
  readonly lastWord: number;
  readonly ranges: readonly (readonly [number, number, number])[];
  readonly vague: readonly number[];
  readonly partial: readonly number[];
}

/** Columns of `blocks` that `toBlock` wants. */
export const BLOCK_COLUMNS =
  "first, last, documents, first_word, last_word, ranges, vague, partial";

/** A row of `blocks`. */
export function toBlock(row: Row): Block {
  return {
    first: number(row, "first"),
    last: number(row, "last"),
    documents: number(row, "documents"),
    firstWord: number(row, "first_word"),
    lastWord: number(row, "last_word"),
    ranges: JSON.parse(text(row, "ranges")) as [number, number, number][],
    vague: numbers(bytes(row, "vague")),
    partial: numbers(bytes(row, "partial")),
  };
}

/** A block, its words that count, and what is known of its documents. */
interface Segment {
  readonly block: Block;
  readonly first: number;
  readonly last: number;
  readonly states: Uint8Array;
  missing: number;
}

/** What is asked of blocks. */
export interface BlockQuestion {
  readonly scope: Scope;
  readonly query: IndexQuery;
  /** `FEW_WORDS`; tests ask for less. */
  readonly fewWords: number;
}

/** The states of all documents of some blocks; `blocks` by their words. */
export async function queryBlocks(
  sql: Sql,
  blocks: readonly Block[],
  { scope, query, fewWords }: BlockQuestion,
): Promise<readonly Uint8Array[]> {
  const states = blocks.map((block) =>
    new Uint8Array(block.last - block.first + 1)
  );
  const segments = blocks.flatMap((block, n): Segment[] => {
    const range = rangeOf(block, scope);
    const own = states[n];
    if (range === undefined || own === undefined) return [];
    const [first, last] = range;
    return [{ block, first, last, states: own, missing: block.documents }];
  });
  const [only] = query.pieces;
  const found = query.exact ? YES : PERHAPS;
  if (query.pieces.length > 1) {
    await markStarts(sql, segments, query.pieces, { found, fewWords });
  } else if (only !== undefined) {
    await markWords(sql, segments, only, { found, fewWords });
  }
  const windowed = query.pieces.length === 1 && only !== undefined &&
    only.match === "within" && only.text.length <= MAX_WITHIN;
  for (const [n, block] of blocks.entries()) {
    const own = states[n];
    if (own !== undefined) addDoubts(own, block, windowed);
  }
  return states;
}

/** Documents of which the index does not have everything. */
function addDoubts(
  states: Uint8Array,
  { partial, vague }: Block,
  windowed: boolean,
): void {
  for (const document of partial) {
    if (states[document] === NO) states[document] = PERHAPS;
  }
  if (windowed) return;
  for (const document of vague) states[document] = PERHAPS;
}

/** The words of a scope: they stand together. */
function rangeOf(
  block: Block,
  scope: Scope,
): readonly [number, number] | undefined {
  if (scope === "all") {
    const first = block.ranges.find(([field]) => field !== PRESENT);
    return first === undefined ? undefined : [first[1], block.lastWord];
  }
  const field = scope === "body" ? BODY : scope;
  const own = block.ranges.find(([number]) => number === field);
  return own === undefined ? undefined : [own[1], own[2]];
}

/** What documents are marked with, and how they are found. */
interface Marking {
  readonly found: number;
  readonly fewWords: number;
}

/** Whether the words of each segment had better be read in order. */
function areFew(segments: readonly Segment[], fewWords: number): boolean {
  return segments.every(({ first, last }) => last - first < fewWords);
}

/** Marks the documents that have a word that fits the piece. */
async function markWords(
  sql: Sql,
  segments: readonly Segment[],
  piece: QueryPiece,
  { found, fewWords }: Marking,
): Promise<void> {
  const [head] = segments;
  if (head === undefined) return;
  const plan = canLookUp(piece) && !areFew(segments, fewWords)
    ? lookUp(piece)
    : undefined;
  if (plan !== undefined) {
    let from = head.first;
    const last = segments[segments.length - 1]?.last ?? 0;
    for (;;) {
      const rows = await sql.tuples(
        `SELECT words.id, words.documents FROM ${plan.where} LIMIT ${PAGE}`,
        [...plan.params, from, last],
      );
      markRows(rows, segments, found);
      const end = Number(rows[rows.length - 1]?.[0] ?? last);
      if (rows.length < PAGE || end >= last) return;
      if (from === head.first && end <= head.last) break;
      from = end + 1;
    }
  }
  for (const segment of segments) await readOn(sql, segment, piece, found);
}

/** Looks through the words of a segment until all of its documents are found. */
async function readOn(
  sql: Sql,
  segment: Segment,
  piece: QueryPiece,
  found: number,
): Promise<void> {
  const vocabularies = await sql.tuples(
    "SELECT first, words FROM vocabularies WHERE first BETWEEN ? AND ? " +
      "ORDER BY first",
    [segment.first, segment.last],
  );
  const wanted = patternOf(piece);
  let ids: number[] = [];
  let most = FIRST_WORDS;
  const mark = async (): Promise<void> => {
    const rows = await sql.tuples(DOCUMENTS_OF, [JSON.stringify(ids)]);
    markRows(rows, [segment], found);
    ids = [];
    most = Math.min(most * 2, MOST_WORDS);
  };
  for (const [first, words] of vocabularies) {
    for (const id of wordsWith(String(words), Number(first), wanted)) {
      if (ids.push(id) < most) continue;
      await mark();
      if (segment.missing === 0) return;
    }
  }
  await mark();
}

/**
 * Words that are read at once: few at first, what is in every message is often
 * in one of the first words that fit.
 */
const FIRST_WORDS = 4;
const MOST_WORDS = 512;

const DOCUMENTS_OF = "SELECT words.id, words.documents FROM json_each(?) " +
  "CROSS JOIN words ON words.id = json_each.value";

/** What stands in a vocabulary where a word fits. */
function patternOf({ text, match }: QueryPiece): string {
  const before = match === "within" || match === "suffix" ? "" : WORD_START;
  const after = match === "within" || match === "prefix" ? "" : WORD_START;
  return before + text + after;
}

const SEPARATOR = WORD_START.charCodeAt(0);

/** Ids of the words of a vocabulary in which the pattern stands, ascending. */
export function* wordsWith(
  vocabulary: string,
  first: number,
  pattern: string,
): Generator<number, void> {
  let id = first;
  // Where the word begins: its separator.
  let start = 0;
  let hit = vocabulary.indexOf(pattern);
  while (hit >= 0) {
    for (let at = start + 1; at <= hit; at++) {
      if (vocabulary.charCodeAt(at) !== SEPARATOR) continue;
      start = at;
      id++;
    }
    // The last separator begins no word.
    const next = vocabulary.indexOf(WORD_START, start + 1);
    if (next < 0) return;
    yield id;
    hit = vocabulary.indexOf(pattern, next);
  }
}

/** Marks the documents of rows `id, documents`; rows and segments ascend. */
function markRows(
  rows: readonly (readonly SqlValue[])[],
  segments: readonly Segment[],
  found: number,
): void {
  let at = 0;
  for (const [id, blob] of rows) {
    while (Number(id) > (segments[at]?.last ?? Infinity)) at++;
    const segment = segments[at];
    if (segment === undefined || Number(id) < segment.first) continue;
    if (segment.missing === 0 || !(blob instanceof Uint8Array)) continue;
    const { states } = segment;
    const reader = new VarintReader(blob);
    let document = -1;
    while (!reader.atEnd) {
      document += reader.next();
      if (states[document] !== NO) continue;
      states[document] = found;
      segment.missing--;
    }
  }
}

/**
 * Marks the documents in which the pieces follow one another. Those that are
 * rarest by their looks come first; each next one narrows what is left.
 */
async function markStarts(
  sql: Sql,
  segments: readonly Segment[],
  pieces: readonly QueryPiece[],
  { found, fewWords }: Marking,
): Promise<void> {
  const order = pieces.filter(canLookUp)
    .toSorted((a, b) => weight(b) - weight(a));
  let left = segments.map((segment): Starts => ({
    segment,
    starts: undefined,
  }));
  for (const piece of order) {
    const rows = await wordsOf(
      sql,
      left.map(({ segment }) => segment),
      piece,
      fewWords,
    );
    left = left.flatMap(({ segment, starts }) => {
      const next = narrow(rows.get(segment) ?? [], piece.offset, starts);
      return next.length === 0 ? [] : [{ segment, starts: next }];
    });
    if (left.length === 0) return;
  }
  for (const { segment, starts } of left) {
    for (const start of starts ?? []) {
      segment.states[Math.floor(start / DOCUMENT)] = found;
    }
  }
}

/** Where the text may begin: document and place in one number, ascending. */
interface Starts {
  readonly segment: Segment;
  /** `undefined`: anywhere. */
  readonly starts: Float64Array | undefined;
}

type Rows = readonly (readonly SqlValue[])[];

/** Rows `id, documents, places` of the words that fit, by segment. */
async function wordsOf(
  sql: Sql,
  segments: readonly Segment[],
  piece: QueryPiece,
  fewWords: number,
): Promise<ReadonlyMap<Segment, Rows>> {
  const found = new Map<Segment, Rows>();
  const columns = "SELECT words.id, words.documents, words.places FROM";
  if (areFew(segments, fewWords)) {
    const plan = scan(piece);
    for (const segment of segments) {
      found.set(
        segment,
        await sql.tuples(`${columns} ${plan.where}`, [
          ...plan.params,
          segment.first,
          segment.last,
        ]),
      );
    }
    return found;
  }
  const plan = lookUp(piece);
  const rows = await sql.tuples(`${columns} ${plan.where}`, [
    ...plan.params,
    segments[0]?.first ?? 0,
    segments[segments.length - 1]?.last ?? 0,
  ]);
  let at = 0;
  for (const segment of segments) {
    while (Number(rows[at]?.[0] ?? Infinity) < segment.first) at++;
    const from = at;
    while (Number(rows[at]?.[0] ?? Infinity) <= segment.last) at++;
    found.set(segment, rows.slice(from, at));
  }
  return found;
}

/** Where the text may still begin if a piece of it stands in these rows. */
function narrow(
  rows: Rows,
  offset: number,
  starts: Float64Array | undefined,
): Float64Array {
  if (starts !== undefined) {
    const kept = new Uint8Array(starts.length);
    for (const [, documents, places] of rows) {
      if (!(documents instanceof Uint8Array)) continue;
      if (!(places instanceof Uint8Array)) continue;
      keepStarts(documents, places, offset, starts, kept);
    }
    let count = 0;
    for (let n = 0; n < starts.length; n++) {
      if (kept[n] === 1) starts[count++] = starts[n] ?? 0;
    }
    return starts.subarray(0, count);
  }
  // A place takes a byte at least.
  const most = rows.reduce((sum, [, , places]) => sum + lengthOf(places), 0);
  const found = new Float64Array(most);
  let count = 0;
  for (const [, documents, places] of rows) {
    if (!(documents instanceof Uint8Array)) continue;
    if (!(places instanceof Uint8Array)) continue;
    count = addStarts(documents, places, offset, { found, count });
  }
  const all = found.subarray(0, count);
  return rows.length > 1 ? all.sort() : all;
}

function lengthOf(value: SqlValue | undefined): number {
  return value instanceof Uint8Array ? value.length : 0;
}

/** Signs are everywhere, long words are not. */
function weight({ text, match }: QueryPiece): number {
  return text.length + (match === "equal" && text.length > 1 ? 2 : 0);
}

/** Whether a piece can be looked up without reading every word. */
export function canLookUp({ text, match }: QueryPiece): boolean {
  const marks = match === "equal" ? 2 : match === "within" ? 0 : 1;
  return [...text].length + marks >= GRAM;
}

/** Adds where the text would begin to the first `count`; gives the new count. */
function addStarts(
  documents: Uint8Array,
  places: Uint8Array,
  offset: number,
  { found, count }: { readonly found: Float64Array; readonly count: number },
): number {
  let at = count;
  const reader = new VarintReader(documents);
  const placed = new VarintReader(places);
  let document = -1;
  while (!reader.atEnd) {
    document += reader.next();
    const start = document * DOCUMENT - offset;
    const length = placed.next();
    const end = placed.at + length;
    let place = 0;
    while (placed.at < end) {
      place += placed.next();
      if (place >= offset) found[at++] = start + place;
    }
  }
  return at;
}

/** Marks in `kept` the starts that these places go with; `starts` ascend. */
function keepStarts(
  documents: Uint8Array,
  places: Uint8Array,
  offset: number,
  starts: Float64Array,
  kept: Uint8Array,
): void {
  const reader = new VarintReader(documents);
  const placed = new VarintReader(places);
  let document = -1;
  let at = 0;
  while (!reader.atEnd) {
    document += reader.next();
    const base = document * DOCUMENT;
    const length = placed.next();
    const end = placed.at + length;
    while (at < starts.length && (starts[at] ?? 0) < base) at++;
    if (at === starts.length) return;
    if ((starts[at] ?? 0) >= base + DOCUMENT) {
      placed.at = end;
      continue;
    }
    let place = base - offset;
    while (placed.at < end) {
      place += placed.next();
      while (at < starts.length && (starts[at] ?? 0) < place) at++;
      if (starts[at] === place) kept[at] = 1;
    }
    placed.at = end;
  }
}

/** A way to find the words of a piece; a range of ids follows `params`. */
interface Plan {
  readonly where: string;
  readonly params: readonly SqlValue[];
}

/** By what FTS5 knows; only for pieces that `canLookUp`. */
function lookUp({ text: wanted, match }: QueryPiece): Plan {
  const marked = (match === "within" || match === "suffix" ? "" : WORD_START) +
    wanted + (match === "within" || match === "prefix" ? "" : WORD_END);
  return {
    where: "grams CROSS JOIN words ON words.id = grams.rowid " +
      `WHERE grams MATCH ? AND ${FILTERS[match]} ` +
      "AND grams.rowid BETWEEN ? AND ? ORDER BY grams.rowid",
    params: [gramsOf([...marked]), ...filterParams(wanted, match)],
  };
}

/** By reading words in order. */
function scan({ text: wanted, match }: QueryPiece): Plan {
  return {
    where: `words WHERE ${FILTERS[match]} AND words.id BETWEEN ? AND ? ` +
      "ORDER BY words.id",
    params: filterParams(wanted, match),
  };
}

const FILTERS: Readonly<Record<PieceMatch, string>> = {
  within: "instr(words.word, ?) > 0",
  prefix: "substr(words.word, 1, ?) = ?",
  suffix: "substr(words.word, ?) = ?",
  equal: "words.word = ?",
};

function filterParams(wanted: string, match: PieceMatch): SqlValue[] {
  switch (match) {
    case "prefix":
      return [[...wanted].length, wanted];
    case "suffix":
      return [-[...wanted].length, wanted];
    default:
      return [wanted];
  }
}

/** Terms of a marked word, as FTS5 is asked for them. */
function gramsOf(characters: readonly string[]): string {
  const grams = new Set<string>();
  const count = characters.length - GRAM + 1;
  const step = Math.max(1, count / MAX_GRAMS);
  for (let at = 0; at < count; at += step) {
    grams.add(characters.slice(Math.floor(at), Math.floor(at) + GRAM).join(""));
  }
  grams.add(characters.slice(-GRAM).join(""));
  return [...grams].map((gram) => `"${gram.replaceAll('"', '""')}"`)
    .join(" AND ");
}

function numbers(blob: Uint8Array): readonly number[] {
  const list: number[] = [];
  const reader = new VarintReader(blob);
  let value = -1;
  while (!reader.atEnd) list.push(value += reader.next());
  return list;
}

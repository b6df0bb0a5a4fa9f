/** `StorageBackend.fetch`: columns of messages in bounded batches. */
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import { StorageError } from "#src/errors/errors.ts";
import type {
  FetchColumns,
  FetchedMessage,
  MailboxId,
} from "#src/imap/backend.ts";
import {
  type PackedColumn,
  type PackedMessages,
  type PackedName,
  type PackedNumber,
  pickPacked,
  unpackMessages,
} from "#src/imap/packed_messages.ts";
import type { Blobs } from "#src/module/roles/blobs.ts";
import type { PackedRows, Sql, SqlValue, StorageDriver } from "../driver.ts";
import { asNumber } from "../row.ts";
import { ascending } from "./message_rows.ts";
import { emailIdOf } from "./place_messages.ts";
import { readAll } from "./read_all.ts";

/** Messages in the first batch. */
const BATCH_MESSAGES = 300;

/** Bytes in the first batch, one message more or less. */
const BATCH_BYTES = 256 * 1024;

/** How much larger batches become while somebody reads them: each costs a trip. */
const MOST_GROWTH = 4;

/** What the summary columns of a message weigh, about. */
const SUMMARY_BYTES = 400;

/** A page is looked at as a whole where one in so many of its UIDs is wanted. */
const SPARSE = 4;

/** What a fetch works on. */
export interface FetchSource {
  readonly driver: StorageDriver;
  readonly blobs: Blobs;
}

/** Where the mailbox has nothing but wanted messages: read by one query. */
interface Run {
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

/** What a batch may be. */
interface Page {
  readonly uids: Uint32Array;
  /** Bytes, one message more or less. */
  readonly room: number;
}

/** What one batch reads. */
interface Share {
  readonly runs: readonly Run[];
  /** How many of the page are done with it. */
  readonly taken: number;
}

/** Column of `contents` for each that can be asked for. */
const COLUMNS: readonly (readonly [PackedName, string])[] = [
  ["envelope", "c.envelope"],
  ["bodyStructure", "c.body_structure"],
  ["bodyBasic", "c.body_basic"],
  ["structure", "c.structure"],
  ["preview", "c.preview"],
  ["header", "c.header"],
];

type Tuples = readonly (readonly SqlValue[])[];

/** What a batch asks the database for. */
interface Selection {
  readonly numbers:
    readonly (readonly [PackedNumber | "uid" | "content", string])[];
  readonly columns:
    readonly (readonly [PackedName | "blob" | "thread", string])[];
  readonly from: string;
}

/** The rows of a batch by name. */
interface Fields {
  readonly count: number;
  readonly numbers: ReadonlyMap<string, Float64Array>;
  readonly columns: ReadonlyMap<string, PackedColumn>;
}

/** A batch, and bodies that are still to be read from their blobs. */
interface Batch {
  readonly packed: PackedMessages;
  /** Hash by index. */
  readonly blobs: ReadonlyMap<number, string>;
  /** How many of the page it covers. */
  readonly taken: number;
}

/** See `StorageBackend.fetch`. */
export async function* fetchMessages(
  { driver, blobs }: FetchSource,
  mailbox: MailboxId,
  uids: Uint32Array,
  columns: FetchColumns,
): AsyncGenerator<readonly FetchedMessage[], void> {
  const wanted = ascending(uids);
  const selection = selectionOf(columns);
  let at = 0;
  let growth = 1;
  while (at < wanted.length) {
    const page = {
      uids: wanted.subarray(at, at + BATCH_MESSAGES * growth),
      room: BATCH_BYTES * growth,
    };
    const batch = await driver.read((sql) =>
      readBatch(sql, mailbox, page, columns, selection)
    );
    at += batch.taken;
    growth = Math.min(growth * 2, MOST_GROWTH);
    const messages = batch.blobs.size === 0
      ? unpackMessages(batch.packed)
      : await withBlobs(blobs, batch);
    if (messages.length > 0) yield messages;
  }
}

/** Reads messages until the batch is full. */
async function readBatch(
  sql: Sql,
  mailbox: MailboxId,
  page: Page,
  columns: FetchColumns,
  selection: Selection,
): Promise<Batch> {
  const dense = await denseShare(sql, mailbox, page, columns);
  if (dense !== undefined) {
    const rows = await readRuns(sql, mailbox, selection, dense.runs);
    const fields = fieldsOf(rows, selection);
    const wanted = page.uids.subarray(0, dense.taken);
    if (areAll(uidsOf(fields), wanted)) {
      return { ...pack(fields, columns), taken: dense.taken };
    }
  }
  const { runs, taken } = await sparseShare(sql, mailbox, page, columns);
  const rows = await readRuns(sql, mailbox, selection, runs);
  return { ...pack(fieldsOf(rows, selection), columns), taken };
}

/** What is selected, with names. */
function selectionOf(columns: FetchColumns): Selection {
  let from = "FROM messages m";
  const list: [PackedName | "blob" | "thread", string][] = [];
  for (const [name, column] of COLUMNS) {
    if (columns[name as keyof FetchColumns] === true) list.push([name, column]);
  }
  if (list.length > 0 || columns.bodyUpTo !== undefined) {
    from += " JOIN contents c ON c.id = m.content";
  }
  // A body that is too long is never read from the disk.
  if (columns.bodyUpTo !== undefined) {
    const fits = `c.body_bytes <= ${Math.trunc(columns.bodyUpTo)}`;
    from += ` LEFT JOIN bodies b ON b.content = c.id AND ${fits}`;
    list.push(["body", "b.bytes"]);
    list.push(["blob", `CASE WHEN ${fits} THEN c.blob END`]);
  }
  if (columns.ids) list.push(["thread", "m.thread_id"]);
  return {
    numbers: [
      ["uid", "m.uid"],
      ["sizeBytes", "m.size_bytes"],
      ["headerBytes", "m.header_bytes"],
      ...(columns.dates
        ? [
          ["internalDate", "m.internal_date"] as const,
          ["savedAt", "m.saved_at"] as const,
        ]
        : []),
      ...(columns.ids ? [["content", "m.content"] as const] : []),
    ],
    columns: list,
    from,
  };
}

/** The weight of a message in a batch, as SQL. */
function weightSql({ header, bodyUpTo }: FetchColumns): string {
  const words = [String(SUMMARY_BYTES)];
  if (header) words.push("header_bytes");
  if (bodyUpTo !== undefined) {
    const body = "size_bytes - header_bytes";
    words.push(
      `CASE WHEN ${body} <= ${Math.trunc(bodyUpTo)} THEN ${body} ELSE 0 END`,
    );
  }
  return words.join(" + ");
}

/**
 * The first messages of the page that fit, as one run, at little cost;
 * `undefined` where there are others between them.
 */
async function denseShare(
  sql: Sql,
  mailbox: MailboxId,
  { uids, room }: Page,
  columns: FetchColumns,
): Promise<Share | undefined> {
  const select = `SELECT count(*), total(${weightSql(columns)}) ` +
    "FROM messages WHERE mailbox = ? AND uid >= ? AND uid <= ?";
  let taken = uids.length;
  while (true) {
    const first = uids[0] ?? 0;
    const last = uids[taken - 1] ?? 0;
    if (last - first >= taken * SPARSE) return undefined;
    const [sums = []] = await sql.tuples(select, [mailbox, first, last]);
    const count = asNumber(sums[0], "count");
    const weight = asNumber(sums[1], "weight");
    if (count > taken) return undefined;
    if (weight <= room || taken === 1) {
      return { runs: [{ first, last, count }], taken };
    }
    taken = Math.max(1, Math.floor(taken * room / weight));
  }
}

/** Whether nothing was found that was not wanted; both ascending. */
function areAll(found: Uint32Array, wanted: Uint32Array): boolean {
  let at = 0;
  for (const uid of found) {
    while (at < wanted.length && (wanted[at] ?? 0) < uid) at++;
    if (wanted[at] !== uid) return false;
  }
  return true;
}

/** Looks for each message of the page, until the batch is full. */
async function sparseShare(
  sql: Sql,
  mailbox: MailboxId,
  { uids, room }: Page,
  columns: FetchColumns,
): Promise<Share> {
  const runs: Run[] = [];
  let run: Run | undefined;
  let at = 0;
  let weight = 0;
  const isWhole = (uids.at(-1) ?? 0) - (uids[0] ?? 0) < uids.length * SPARSE;
  const rows = isWhole ? rowsBetween : rowsOf;
  for (const row of await rows(sql, mailbox, uids, weightSql(columns))) {
    const uid = asNumber(row[0], "uid");
    const bytes = asNumber(row[1], "weight");
    while (at < uids.length && (uids[at] ?? 0) < uid) at++;
    if (uids[at] !== uid) {
      run = undefined;
      continue;
    }
    // Of what lies between two of them nothing is known.
    if (!isWhole) run = undefined;
    if (weight >= room) return { runs, taken: at };
    weight += bytes;
    if (run !== undefined) runs.pop();
    run = { first: run?.first ?? uid, last: uid, count: (run?.count ?? 0) + 1 };
    runs.push(run);
  }
  return { runs, taken: uids.length };
}

/** UID and weight of all messages from the first to the last. */
async function rowsBetween(
  sql: Sql,
  mailbox: MailboxId,
  page: Uint32Array,
  weight: string,
): Promise<Tuples> {
  return await sql.tuples(
    `SELECT uid, ${weight} FROM messages ` +
      "WHERE mailbox = ? AND uid >= ? AND uid <= ? ORDER BY uid",
    [mailbox, page[0] ?? 0, page.at(-1) ?? 0],
  );
}

/** UID and weight of these messages. */
async function rowsOf(
  sql: Sql,
  mailbox: MailboxId,
  page: Uint32Array,
  weight: string,
): Promise<Tuples> {
  const select = `SELECT uid, ${weight} FROM messages ` +
    "WHERE mailbox = ? AND uid = ?";
  const found: (readonly SqlValue[])[] = [];
  for (const uid of page) {
    found.push(...await sql.tuples(select, [mailbox, uid]));
  }
  return found;
}

async function readRuns(
  sql: Sql,
  mailbox: MailboxId,
  { numbers, columns, from }: Selection,
  runs: readonly Run[],
): Promise<PackedRows[]> {
  const fields = {
    numbers: numbers.map(([, text]) => text),
    columns: columns.map(([, text]) => text),
  };
  const parts: PackedRows[] = [];
  for (const { first, last, count } of runs) {
    const rows = await sql.packed(
      fields,
      `${from} WHERE m.mailbox = ? AND m.uid >= ? AND m.uid <= ? ` +
        "ORDER BY m.uid",
      [mailbox, first, last],
    );
    if (rows.count !== count) {
      throw new StorageError("corrupt", "A message has no content");
    }
    parts.push(rows);
  }
  return parts;
}

/** The rows of all runs by name. */
function fieldsOf(
  parts: readonly PackedRows[],
  { numbers, columns }: Selection,
): Fields {
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    numbers: new Map(numbers.map(([name], n) => [
      name,
      joinedNumbers(parts.map((part) => part.numbers[n] ?? NO_NUMBERS)),
    ])),
    columns: new Map(columns.map(([name], n) => [
      name,
      joined(parts.map((part) => part.columns[n] ?? NO_COLUMN)),
    ])),
  };
}

const NO_NUMBERS = new Float64Array(0);
const NO_COLUMN: PackedColumn = {
  bytes: new Uint8Array(0),
  starts: new Int32Array(0),
  ends: new Int32Array(0),
};

/** The parts as one. */
function joinedNumbers(parts: readonly Float64Array[]): Float64Array {
  const [only, second] = parts;
  if (only !== undefined && second === undefined) return only;
  const all = new Float64Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The parts of one column as one. */
function joined(parts: readonly PackedColumn[]): PackedColumn {
  const [only, second] = parts;
  if (only !== undefined && second === undefined) return only;
  let count = 0;
  for (const { starts } of parts) count += starts.length;
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  let at = 0;
  let offset = 0;
  for (const part of parts) {
    for (let n = 0; n < part.starts.length; n++, at++) {
      const start = part.starts[n] ?? -1;
      starts[at] = start < 0 ? -1 : start + offset;
      ends[at] = (part.ends[n] ?? 0) + offset;
    }
    offset += part.bytes.length;
  }
  return { bytes: concatBytes(parts.map(({ bytes }) => bytes)), starts, ends };
}

function uidsOf({ numbers }: Fields): Uint32Array {
  return Uint32Array.from(numbers.get("uid") ?? NO_NUMBERS);
}

function pack(
  fields: Fields,
  { ids }: FetchColumns,
): Pick<Batch, "packed" | "blobs"> {
  const { uid: _uid, content, ...numbers } = Object.fromEntries(fields.numbers);
  const { blob, thread, ...columns } = Object.fromEntries(fields.columns);
  return {
    packed: {
      uids: uidsOf(fields),
      numbers,
      emailIds: ids && content ? Array.from(content, emailIdOf) : [],
      threadIds: ids && thread ? texts(thread) : [],
      columns,
      bodies: new Map(),
    },
    blobs: hashes(blob),
  };
}

/** A column of short text. */
function texts({ bytes, starts, ends }: PackedColumn): string[] {
  const decoder = new TextDecoder();
  return Array.from(
    starts,
    (start, n) =>
      start < 0 ? "" : decoder.decode(bytes.subarray(start, ends[n])),
  );
}

/** Blobs by index. */
function hashes(column: PackedColumn | undefined): Map<number, string> {
  const found = new Map<number, string>();
  if (column === undefined || column.bytes.length === 0) return found;
  const decoder = new TextDecoder();
  for (let n = 0; n < column.starts.length; n++) {
    const start = column.starts[n] ?? -1;
    if (start < 0) continue;
    const bytes = column.bytes.subarray(start, column.ends[n]);
    found.set(n, decoder.decode(bytes));
  }
  return found;
}

/** Adds the bodies; leaves out messages that went away meanwhile. */
async function withBlobs(
  blobs: Blobs,
  { packed, blobs: hashes }: Batch,
): Promise<FetchedMessage[]> {
  const bodies = new Map<number, Uint8Array>();
  const gone = new Set<number>();
  const { uids, numbers } = packed;
  for (const [n, hash] of hashes) {
    const size = (numbers.sizeBytes?.[n] ?? 0) -
      (numbers.headerBytes?.[n] ?? 0);
    try {
      const stream = await blobs.open(hash, { start: 0, end: size });
      bodies.set(n, await readAll(stream, size));
    } catch (error) {
      const isGone = error instanceof StorageError && error.kind === "notFound";
      if (!isGone) throw error;
      gone.add(n);
    }
  }
  const whole = { ...packed, bodies };
  if (gone.size === 0) return unpackMessages(whole);
  const kept = [...uids.keys()].filter((n) => !gone.has(n));
  return unpackMessages(pickPacked(whole, kept));
}

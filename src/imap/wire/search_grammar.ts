/**
 * SEARCH. RFC 9051 section 6.4.4 and 9, RFC 3501 section 6.4.4 (NEW, OLD,
 * RECENT), RFC 4731 (RETURN), RFC 5032 (OLDER, YOUNGER), RFC 7162 (MODSEQ),
 * RFC 5267 and 9394 (CONTEXT, UPDATE, PARTIAL), RFC 5465 section 7 (items of
 * UPDATE), RFC 6203 (FUZZY), RFC 8474 (EMAILID, THREADID), RFC 8514 (SAVED...).
 */
import { ImapError } from "#src/imap/errors.ts";
import type { FetchItem } from "#src/imap/fetch_item.ts";
import { type Charset, findCharset } from "./search_charset.ts";
import { MAX_SEARCH_KEYS } from "#src/imap/limits.ts";
import type {
  PartialRange,
  SearchNode,
  SearchProgram,
  SearchReturn,
} from "#src/imap/search_program.ts";
import { asciiText, isDigit, lowerAscii } from "./ascii.ts";
import type { Cursor } from "./cursor.ts";
import { parseDate } from "./date_time.ts";
import { parseFetchItems } from "./fetch_grammar.ts";
import { parseSequenceSet } from "./sequence_set_grammar.ts";

const SP = 0x20;
const OPEN = 0x28;
const CLOSE = 0x29;
const ASTERISK = 0x2a;
const DOLLAR = 0x24;
const DQUOTE = 0x22;
const COLON = 0x3a;
const MINUS = 0x2d;

const RETURNS: readonly SearchReturn[] = [
  "MIN",
  "MAX",
  "ALL",
  "COUNT",
  "SAVE",
  "PARTIAL",
  "UPDATE",
  "RELEVANCY",
];

/** RETURN with its options. */
type Returns = Pick<SearchProgram, "results" | "partial" | "updateItems">;

/** Without RETURN. */
export const NO_RETURN: Returns = {
  results: undefined,
  partial: undefined,
  updateItems: [],
};

/** What the keys of one command share. */
interface Progress {
  keys: number;
  hasModSeq: boolean;
  hasNumbers: boolean;
  hasFuzzy: boolean;
  readonly charset: Charset;
}

/** Reads everything after `SEARCH `. */
export function parseSearch(cursor: Cursor): SearchProgram {
  const returns = parseReturn(cursor);
  let charset = "UTF-8";
  const hasCharset = cursor.tryWord("CHARSET");
  if (hasCharset) {
    cursor.sp();
    charset = asciiText(cursor.astring());
    cursor.sp();
  }
  return { ...parseKeys(cursor, returns, charset), hasCharset };
}

/**
 * Reads the keys, whose texts are in that charset. One that is not known is
 * refused when the command runs, by `checkCharset`.
 */
export function parseKeys(
  cursor: Cursor,
  returns: Returns,
  charset: string,
): SearchProgram {
  const known = findCharset(charset);
  const progress: Progress = {
    keys: 0,
    hasModSeq: false,
    hasNumbers: false,
    hasFuzzy: false,
    charset: known ?? ((): string => ""),
  };
  const keys = [parseKey(cursor, progress)];
  while (cursor.trySp()) keys.push(parseKey(cursor, progress));
  const [only] = keys;
  const root: SearchNode = keys.length === 1 && only !== undefined
    ? only
    : { kind: "and", keys };
  const { hasModSeq, hasNumbers, hasFuzzy } = progress;
  if (!hasFuzzy && returns.results?.includes("RELEVANCY") === true) {
    throw needsFuzzy();
  }
  return {
    ...returns,
    root,
    hasModSeq,
    hasNumbers,
    hasFuzzy,
    hasCharset: false,
    isCharsetKnown: known !== undefined,
  };
}

/** `RETURN (...) `, or nothing. */
export function parseReturn(cursor: Cursor): Returns {
  if (!cursor.tryWord("RETURN")) return NO_RETURN;
  cursor.sp();
  const results: SearchReturn[] = [];
  let partial: PartialRange | undefined;
  let updateItems: readonly FetchItem[] = [];
  cursor.listOrEmpty(() => {
    const word = cursor.word("search return option");
    // RFC 5267 section 4.2: a hint, which we need not take.
    if (word === "CONTEXT") return;
    const known = RETURNS.find((name) => name === word);
    if (known === "PARTIAL") {
      // RFC 9394 section 3.1.
      if (partial !== undefined) cursor.fail("one PARTIAL");
      cursor.sp();
      partial = parsePartial(cursor);
    }
    if (known === "UPDATE" && cursor.peek(1) === OPEN && cursor.peek() === SP) {
      cursor.sp();
      updateItems = parseFetchItems(cursor);
    }
    if (known === undefined) cursor.fail("search return option");
    else if (!results.includes(known)) results.push(known);
  });
  cursor.sp();
  if (partial !== undefined && results.includes("ALL")) {
    // RFC 9394 section 3.1.
    throw new ImapError("BAD", "PARTIAL and ALL exclude each other");
  }
  const shown = results.filter((one) => one !== "UPDATE");
  return {
    // RFC 5267 section 4.3: UPDATE alone asks for the result as well.
    results: shown.length === 0 ? ["ALL", ...results] : results,
    partial,
    updateItems,
  };
}

/**
 * `1:500` or `-1:-100`. RFC 9394 section 3.1; `500:1` means the same.
 *
 * INTEROP Dovecot, imaptest (search-partial): `500:1` is told as `1:500`, though
 * the RFC has the range as it was asked for.
 */
export function parsePartial(cursor: Cursor): PartialRange {
  const from = signedNumber(cursor);
  cursor.byte(COLON);
  const to = signedNumber(cursor);
  if (from < 0 !== to < 0) cursor.fail("two positions of one sign");
  return Math.abs(from) <= Math.abs(to) ? { from, to } : { from: to, to: from };
}

function signedNumber(cursor: Cursor): number {
  return cursor.tryByte(MINUS) ? -cursor.nzNumber() : cursor.nzNumber();
}

/** RFC 6203 section 4 and 6. */
export function needsFuzzy(): ImapError {
  return new ImapError("BAD", "RELEVANCY is of a FUZZY search");
}

function parseKey(cursor: Cursor, progress: Progress): SearchNode {
  if (++progress.keys > MAX_SEARCH_KEYS) cursor.fail("fewer search keys");
  const next = cursor.peek();
  if (next === OPEN) return parseGroup(cursor, progress);
  if (isDigit(next) || next === ASTERISK || next === DOLLAR) {
    progress.hasNumbers ||= next !== DOLLAR;
    return { kind: "set", by: "seq", set: parseSequenceSet(cursor) };
  }
  const name = cursor.word("search key");
  return SIMPLE.get(name) ?? parseWithArgument(cursor, name, progress);
}

function parseGroup(cursor: Cursor, progress: Progress): SearchNode {
  const keys: SearchNode[] = [];
  cursor.byte(OPEN);
  cursor.enter();
  do keys.push(parseKey(cursor, progress)); while (cursor.trySp());
  cursor.byte(CLOSE);
  cursor.leave();
  return { kind: "and", keys };
}

const flag = (name: string): SearchNode => ({ kind: "flag", flag: name });
const not = (key: SearchNode): SearchNode => ({ kind: "not", key });
const RECENT: SearchNode = { kind: "recent" };

/** Keys without arguments. */
const SIMPLE: ReadonlyMap<string, SearchNode> = new Map([
  ["ALL", { kind: "all" } as const],
  ["ANSWERED", flag("\\Answered")],
  ["DELETED", flag("\\Deleted")],
  ["DRAFT", flag("\\Draft")],
  ["FLAGGED", flag("\\Flagged")],
  ["SEEN", flag("\\Seen")],
  ["UNANSWERED", not(flag("\\Answered"))],
  ["UNDELETED", not(flag("\\Deleted"))],
  ["UNDRAFT", not(flag("\\Draft"))],
  ["UNFLAGGED", not(flag("\\Flagged"))],
  ["UNSEEN", not(flag("\\Seen"))],
  ["RECENT", RECENT],
  ["OLD", not(RECENT)],
  ["NEW", { kind: "and", keys: [RECENT, not(flag("\\Seen"))] } as const],
  // RFC 8514 section 4.3: every mailbox here knows when messages were saved.
  ["SAVEDATESUPPORTED", { kind: "all" } as const],
]);

function parseWithArgument(
  cursor: Cursor,
  name: string,
  progress: Progress,
): SearchNode {
  if (name === "NOT") {
    cursor.sp();
    return nested(cursor, () => not(parseKey(cursor, progress)));
  }
  if (name === "OR") {
    cursor.sp();
    return nested(cursor, () => {
      const left = parseKey(cursor, progress);
      cursor.sp();
      return { kind: "or", left, right: parseKey(cursor, progress) };
    });
  }
  if (name === "FUZZY") {
    progress.hasFuzzy = true;
    cursor.sp();
    return nested(
      cursor,
      () => ({ kind: "fuzzy", key: parseKey(cursor, progress) }),
    );
  }
  if (name === "MODSEQ") progress.hasModSeq = true;
  const parse = ARGUMENTS.get(name);
  if (parse === undefined) return cursor.fail("search key");
  cursor.sp();
  return parse(cursor, progress.charset);
}

function nested(cursor: Cursor, parse: () => SearchNode): SearchNode {
  cursor.enter();
  const node = parse();
  cursor.leave();
  return node;
}

type ParseArgument = (cursor: Cursor, charset: Charset) => SearchNode;

const address = (field: "from" | "to" | "cc" | "bcc"): ParseArgument =>
(
  cursor,
  charset,
) => ({
  kind: "address",
  field,
  text: parseText(cursor, charset),
});

const text =
  (kind: "subject" | "body" | "text"): ParseArgument => (cursor, charset) => ({
    kind,
    text: parseText(cursor, charset),
  });

/** RFC 8474 section 5.3. */
const objectId = (kind: "emailId" | "threadId"): ParseArgument => (cursor) => ({
  kind,
  id: cursor.atom(),
});

const date = (
  kind: "internalDate" | "sentDate" | "savedDate",
  op: "before" | "on" | "since",
): ParseArgument =>
(cursor) => ({ kind, op, date: parseDate(cursor) });

const size = (op: "larger" | "smaller"): ParseArgument => (cursor) => ({
  kind: "size",
  op,
  bytes: cursor.number64(),
});

const within = (op: "older" | "younger"): ParseArgument => (cursor) => ({
  kind: "within",
  op,
  seconds: cursor.nzNumber(),
});

const keyword = (cursor: Cursor): SearchNode => flag(cursor.atom());

/** Keys with arguments; the space before them is read. */
const ARGUMENTS: ReadonlyMap<string, ParseArgument> = new Map([
  ["BCC", address("bcc")],
  ["CC", address("cc")],
  ["FROM", address("from")],
  ["TO", address("to")],
  ["SUBJECT", text("subject")],
  ["BODY", text("body")],
  ["TEXT", text("text")],
  ["BEFORE", date("internalDate", "before")],
  ["ON", date("internalDate", "on")],
  ["SINCE", date("internalDate", "since")],
  ["SENTBEFORE", date("sentDate", "before")],
  ["SENTON", date("sentDate", "on")],
  ["SENTSINCE", date("sentDate", "since")],
  ["SAVEDBEFORE", date("savedDate", "before")],
  ["SAVEDON", date("savedDate", "on")],
  ["SAVEDSINCE", date("savedDate", "since")],
  ["EMAILID", objectId("emailId")],
  ["THREADID", objectId("threadId")],
  ["LARGER", size("larger")],
  ["SMALLER", size("smaller")],
  ["OLDER", within("older")],
  ["YOUNGER", within("younger")],
  ["KEYWORD", keyword],
  ["UNKEYWORD", (cursor) => not(keyword(cursor))],
  ["HEADER", parseHeader],
  ["UID", (cursor) => ({
    kind: "set",
    by: "uid",
    set: parseSequenceSet(cursor),
  })],
  ["MODSEQ", parseModSeq],
]);

function parseHeader(cursor: Cursor, charset: Charset): SearchNode {
  const name = lowerAscii(asciiText(cursor.astring()));
  cursor.sp();
  return { kind: "header", name, text: parseText(cursor, charset) };
}

/** RFC 7162 section 3.1.5; per-flag mod-sequences are those of the message. */
function parseModSeq(cursor: Cursor): SearchNode {
  if (cursor.peek() === DQUOTE) {
    cursor.string();
    cursor.sp();
    const type = cursor.word("priv, shared or all");
    if (type !== "PRIV" && type !== "SHARED" && type !== "ALL") {
      cursor.fail("priv, shared or all");
    }
    cursor.sp();
  }
  return { kind: "modseq", value: cursor.number64() };
}

/** Search text in the charset of the command. */
function parseText(cursor: Cursor, charset: Charset): string {
  return charset(cursor.astring()) ?? cursor.fail("text in its charset");
}

/**
 * SEARCH. RFC 9051 section 6.4.4 and 9, RFC 3501 section 6.4.4 (NEW, OLD,
 * RECENT), RFC 4731 (RETURN), RFC 5032 (OLDER, YOUNGER), RFC 7162 (MODSEQ).
 */
import { ImapError } from "#src/imap/errors.ts";
import { MAX_SEARCH_KEYS } from "#src/imap/limits.ts";
import type {
  SearchNode,
  SearchProgram,
  SearchReturn,
} from "#src/imap/search_program.ts";
import { asciiText, isDigit, lowerAscii, upperAscii } from "./ascii.ts";
import type { Cursor } from "./cursor.ts";
import { parseDate } from "./date_time.ts";
import { parseSequenceSet } from "./sequence_set_grammar.ts";
import { tryDecodeUtf8 } from "./utf8.ts";

const OPEN = 0x28;
const CLOSE = 0x29;
const ASTERISK = 0x2a;
const DOLLAR = 0x24;
const DQUOTE = 0x22;

const RETURNS: readonly SearchReturn[] = ["MIN", "MAX", "ALL", "COUNT", "SAVE"];

/** What the keys of one command share. */
interface Progress {
  keys: number;
  hasModSeq: boolean;
}

/** Reads everything after `SEARCH `. */
export function parseSearch(cursor: Cursor): SearchProgram {
  const results = parseReturn(cursor);
  const hasCharset = cursor.tryWord("CHARSET");
  if (hasCharset) {
    cursor.sp();
    checkCharset(asciiText(cursor.astring()));
    cursor.sp();
  }
  const progress: Progress = { keys: 0, hasModSeq: false };
  const keys = [parseKey(cursor, progress)];
  while (cursor.trySp()) keys.push(parseKey(cursor, progress));
  const [only] = keys;
  const root: SearchNode = keys.length === 1 && only !== undefined
    ? only
    : { kind: "and", keys };
  const { hasModSeq } = progress;
  return { results, root, hasCharset, hasModSeq };
}

function parseReturn(cursor: Cursor): readonly SearchReturn[] | undefined {
  if (!cursor.tryWord("RETURN")) return undefined;
  cursor.sp();
  const results: SearchReturn[] = [];
  cursor.listOrEmpty(() => {
    const word = cursor.word("search return option");
    const known = RETURNS.find((name) => name === word);
    if (known === undefined) cursor.fail("search return option");
    else if (!results.includes(known)) results.push(known);
  });
  cursor.sp();
  return results.length === 0 ? ["ALL"] : results;
}

/** Charsets of search texts. US-ASCII is part of UTF-8. */
function checkCharset(name: string): void {
  const upper = upperAscii(name);
  if (upper === "UTF-8" || upper === "US-ASCII") return;
  throw new ImapError(
    "NO",
    "The charset is not known",
    "BADCHARSET (US-ASCII UTF-8)",
  );
}

function parseKey(cursor: Cursor, progress: Progress): SearchNode {
  if (++progress.keys > MAX_SEARCH_KEYS) cursor.fail("fewer search keys");
  const next = cursor.peek();
  if (next === OPEN) return parseGroup(cursor, progress);
  if (isDigit(next) || next === ASTERISK || next === DOLLAR) {
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
  if (name === "MODSEQ") progress.hasModSeq = true;
  const parse = ARGUMENTS.get(name);
  if (parse === undefined) return cursor.fail("search key");
  cursor.sp();
  return parse(cursor);
}

function nested(cursor: Cursor, parse: () => SearchNode): SearchNode {
  cursor.enter();
  const node = parse();
  cursor.leave();
  return node;
}

type ParseArgument = (cursor: Cursor) => SearchNode;

const address =
  (field: "from" | "to" | "cc" | "bcc"): ParseArgument => (cursor) => ({
    kind: "address",
    field,
    text: parseText(cursor),
  });

const text =
  (kind: "subject" | "body" | "text"): ParseArgument => (cursor) => ({
    kind,
    text: parseText(cursor),
  });

const date = (
  kind: "internalDate" | "sentDate",
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

function parseHeader(cursor: Cursor): SearchNode {
  const name = lowerAscii(asciiText(cursor.astring()));
  cursor.sp();
  return { kind: "header", name, text: parseText(cursor) };
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

/** Search text in UTF-8. */
function parseText(cursor: Cursor): string {
  return tryDecodeUtf8(cursor.astring()) ?? cursor.fail("UTF-8 text");
}

/**
 * From a SEARCH as written to keys for the store, and the answer from the view
 * alone where it knows everything that is asked for (flags, UIDs, MODSEQ).
 */
import type { Uid } from "./backend.ts";
import { ImapError } from "./errors.ts";
import { bitOf, hasBit } from "./flags.ts";
import { resolveRanges } from "./resolve_set.ts";
import type { SearchNode, SearchProgram } from "./search_program.ts";
import type { SearchKey, UidRanges } from "./search_key.ts";
import { normaliseRanges } from "./sequence_set.ts";
import type { Session } from "./session.ts";

/** `NO` with the charsets that are known. RFC 9051 section 6.4.4. */
export function checkCharset({ isCharsetKnown }: SearchProgram): void {
  if (isCharsetKnown) return;
  throw new ImapError(
    "NO",
    "The charset is not known",
    "BADCHARSET (US-ASCII UTF-8)",
  );
}

/** Sets and \Recent become UIDs. */
export function resolveSearch(session: Session, node: SearchNode): SearchKey {
  switch (node.kind) {
    case "and":
      return {
        kind: "and",
        keys: node.keys.map((key) => resolveSearch(session, key)),
      };
    case "or":
      return {
        kind: "or",
        left: resolveSearch(session, node.left),
        right: resolveSearch(session, node.right),
      };
    case "not":
      return { kind: "not", key: resolveSearch(session, node.key) };
    case "fuzzy":
      return { kind: "fuzzy", key: resolveSearch(session, node.key) };
    case "set":
      return { kind: "uid", ranges: resolveRanges(session, node.set, node.by) };
    case "recent":
      return {
        kind: "uid",
        ranges: session.selected.recentRanges()
          .map(([from, to]) => [from, to - 1] as const),
      };
    default:
      return node;
  }
}

/**
 * The key for a mailbox that is not selected. RFC 7377 section 2.3: sequence
 * numbers, `$` and \\Recent mean nothing there.
 */
export function resolveElsewhere(node: SearchNode, highest: Uid): SearchKey {
  const inner = (one: SearchNode): SearchKey => resolveElsewhere(one, highest);
  switch (node.kind) {
    case "and":
      return { kind: "and", keys: node.keys.map(inner) };
    case "or":
      return { kind: "or", left: inner(node.left), right: inner(node.right) };
    case "not":
    case "fuzzy":
      return { kind: node.kind, key: inner(node.key) };
    case "set":
      if (node.by === "seq" || node.set.kind !== "ranges") {
        throw new ImapError("BAD", "Only UIDs mean something there");
      }
      return { kind: "uid", ranges: normaliseRanges(node.set.ranges, highest) };
    case "recent":
      return { kind: "uid", ranges: [] };
    default:
      return node;
  }
}

/** Whether the view can answer the key. */
export function isInView(key: SearchKey): boolean {
  switch (key.kind) {
    case "all":
    case "uid":
    case "flag":
    case "modseq":
      return true;
    case "and":
      return key.keys.every(isInView);
    case "or":
      return isInView(key.left) && isInView(key.right);
    case "not":
      return isInView(key.key);
    default:
      return false;
  }
}

/** UIDs that match a key for which `isInView` holds, ascending. */
export function searchView(session: Session, key: SearchKey): Uint32Array {
  const { selected } = session;
  const matches = compile(session, key);
  return selected.allUids().filter((uid) => matches(uid));
}

type Test = (uid: Uid) => boolean;

function compile(session: Session, key: SearchKey): Test {
  const { selected } = session;
  switch (key.kind) {
    case "and": {
      const tests = key.keys.map((one) => compile(session, one));
      return (uid) => tests.every((test) => test(uid));
    }
    case "or": {
      const left = compile(session, key.left);
      const right = compile(session, key.right);
      return (uid) => left(uid) || right(uid);
    }
    case "not": {
      const test = compile(session, key.key);
      return (uid) => !test(uid);
    }
    case "uid":
      return (uid) => isWithin(key.ranges, uid);
    case "flag": {
      const bit = bitOf(key.flag, selected.view.keywords);
      if (bit === undefined) return () => false;
      return (uid) => hasBit(selected.flagsOf(uid), bit);
    }
    case "modseq":
      return (uid) => selected.modSeqOf(uid) >= key.value;
    default:
      return () => true;
  }
}

/** Ascending ranges, both ends included. */
function isWithin(ranges: UidRanges, uid: Uid): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.[1] ?? 0) < uid) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low];
  return range !== undefined && range[0] <= uid;
}

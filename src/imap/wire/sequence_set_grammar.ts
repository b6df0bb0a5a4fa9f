/** `sequence-set` of RFC 9051 section 9, with `$` of RFC 5182. */
import type { SequenceSet } from "#src/imap/sequence_set.ts";
import { STAR } from "#src/imap/sequence_set.ts";
import { MAX_SET_RANGES } from "#src/imap/limits.ts";
import type { Cursor } from "./cursor.ts";

const COLON = 0x3a;
const COMMA = 0x2c;
const ASTERISK = 0x2a;
const DOLLAR = 0x24;

/** Reads a set. */
export function parseSequenceSet(cursor: Cursor): SequenceSet {
  if (cursor.tryByte(DOLLAR)) return { kind: "saved" };
  const ranges: (readonly [number, number])[] = [];
  do {
    if (ranges.length >= MAX_SET_RANGES) cursor.fail("fewer ranges");
    const from = parseNumber(cursor);
    const to = cursor.tryByte(COLON) ? parseNumber(cursor) : from;
    ranges.push([from, to]);
  } while (cursor.tryByte(COMMA));
  return { kind: "ranges", ranges };
}

function parseNumber(cursor: Cursor): number {
  return cursor.tryByte(ASTERISK) ? STAR : cursor.nzNumber();
}

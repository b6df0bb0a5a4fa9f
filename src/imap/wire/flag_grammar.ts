/** Flags and lists of them. RFC 9051 section 9 (`flag`, `flag-list`). */
import { SYSTEM_FLAGS } from "#src/imap/backend.ts";
import { lowerAscii } from "./ascii.ts";
import type { Cursor } from "./cursor.ts";

const BACKSLASH = 0x5c;

/**
 * One flag. System flags come back in their one spelling, keywords as written.
 * `\Recent` and unknown system flags are syntax errors: no client may set them.
 */
export function parseFlag(cursor: Cursor): string {
  if (!cursor.tryByte(BACKSLASH)) return cursor.atom();
  const name = `\\${lowerAscii(cursor.atom())}`;
  return SYSTEM_FLAGS.find((flag) => lowerAscii(flag) === name) ??
    cursor.fail("flag");
}

/** `(flag flag)`, maybe empty. */
export function parseFlagList(cursor: Cursor): string[] {
  const flags: string[] = [];
  cursor.listOrEmpty(() => {
    // INTEROP: clients append what they fetched; \Recent is passed over.
    if (!tryRecent(cursor)) flags.push(parseFlag(cursor));
  });
  return flags;
}

/** A list in parentheses, or flags without them (STORE). */
export function parseStoreFlags(cursor: Cursor): string[] {
  if (cursor.atList) return parseFlagList(cursor);
  const flags = [parseFlag(cursor)];
  while (cursor.trySp()) flags.push(parseFlag(cursor));
  return flags;
}

function tryRecent(cursor: Cursor): boolean {
  if (cursor.peek() !== BACKSLASH) return false;
  const word = [1, 2, 3, 4, 5, 6]
    .map((n) => String.fromCharCode(cursor.peek(n) ?? 0)).join("");
  if (lowerAscii(word) !== "recent") return false;
  cursor.byte(BACKSLASH);
  cursor.atom();
  return true;
}

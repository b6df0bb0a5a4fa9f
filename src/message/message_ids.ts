/**
 * Message identifiers. RFC 5322 section 3.6.4, read tolerantly: whatever stands
 * between angle brackets, white space taken out. Quoted or not they are the same
 * (RFC 5256, REFERENCES).
 */
import { decodeUnknown } from "./charset.ts";
import { isAscii } from "#src/bytes/ascii.ts";
import { decodeLatin1 } from "#src/bytes/latin1.ts";

const OPEN = 0x3c;
const CLOSE = 0x3e;

/** Identifiers that are kept of one field: the first and the newest. */
const MAX_IDS = 500;
/** Longest identifier; longer ones are nobody's. */
const MAX_LENGTH = 998;

/** A left side in quotes. */
const QUOTED_REGEXP = /^<"((?:[^"\\]|\\.)*)"(?=[@>])/;

/** All identifiers with their angle brackets, in order, each once. */
export function parseMessageIds(raw: Uint8Array): readonly string[] {
  const ids = new Set<string>();
  let at = raw.indexOf(OPEN);
  while (at >= 0) {
    const end = raw.indexOf(CLOSE, at + 1);
    if (end < 0) break;
    // An unclosed bracket before this one does not swallow it.
    const start = raw.subarray(at, end).lastIndexOf(OPEN) + at;
    if (end - start > 1 && end - start < MAX_LENGTH) {
      const bytes = raw.subarray(start, end + 1);
      const text = isAscii(bytes) ? decodeLatin1(bytes) : decodeUnknown(bytes);
      const id = text.replace(/[ \t\r\n]+/g, "").replace(
        QUOTED_REGEXP,
        (_, quoted: string) => `<${quoted.replace(/\\(.)/g, "$1")}`,
      );
      if (id.length > 2) ids.add(id);
    }
    at = raw.indexOf(OPEN, end + 1);
  }
  const list = [...ids];
  if (list.length <= MAX_IDS) return list;
  return [...list.slice(0, 1), ...list.slice(1 - MAX_IDS)];
}

/**
 * Header field bodies as bytes: unfolding and the white space around them.
 * RFC 5322 section 2.2.3. Decoding is in `encoded_word.ts`.
 */
import type { HeaderBlock } from "./header_block.ts";

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const TAB = 0x09;

/** Without the white space (SP, HTAB, CR, LF) at both ends. A view. */
export function trimBytes(bytes: Uint8Array): Uint8Array {
  let start = 0;
  let end = bytes.length;
  while (start < end && isBlank(bytes[start])) start++;
  while (end > start && isBlank(bytes[end - 1])) end--;
  return start === 0 && end === bytes.length
    ? bytes
    : bytes.subarray(start, end);
}

/**
 * A field body in one line: line breaks go, the white space after them stays,
 * white space at the ends goes. A view where nothing was folded.
 */
export function unfold(raw: Uint8Array): Uint8Array {
  const bytes = trimBytes(raw);
  if (bytes.indexOf(LF) < 0 && bytes.indexOf(CR) < 0) return bytes;
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (const byte of bytes) {
    if (byte !== CR && byte !== LF) out[length++] = byte;
  }
  return out.subarray(0, length);
}

/** The topmost field of that name (lower case) in one line. */
export function unfoldedField(
  header: HeaderBlock,
  name: string,
): Uint8Array | undefined {
  const field = header.first(name);
  return field === undefined ? undefined : unfold(header.rawValue(field));
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === TAB || byte === CR || byte === LF;
}

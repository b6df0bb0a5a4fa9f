/**
 * ASCII on the wire: classes of bytes and case folding that knows no Unicode
 * (RFC 9051 section 9: all words of the grammar are ASCII). Text of other
 * alphabets never goes through these.
 */

/** ATOM-CHAR of RFC 9051 section 9. */
const ATOM = 1;
/** ASTRING-CHAR: atoms and `]`. */
const ASTRING = 2;
/** list-char: atoms, `]` and the wildcards. */
const LIST = 4;
/** tag: ASTRING-CHAR without `+`. */
const TAG = 8;

const CLASSES: Uint8Array = makeClasses();

function makeClasses(): Uint8Array {
  const table = new Uint8Array(256);
  const specials = new Set([...'(){ %*"\\]'].map((c) => c.charCodeAt(0)));
  for (let byte = 0x21; byte < 0x7f; byte++) {
    let bits = 0;
    const isAtom = !specials.has(byte);
    const isAstring = isAtom || byte === 0x5d;
    if (isAtom) bits |= ATOM;
    if (isAstring) bits |= ASTRING;
    if (isAstring || byte === 0x25 || byte === 0x2a) bits |= LIST;
    if (isAstring && byte !== 0x2b) bits |= TAG;
    table[byte] = bits;
  }
  return table;
}

/** ATOM-CHAR of RFC 9051 section 9. */
export function isAtomChar(byte: number | undefined): boolean {
  return byte !== undefined && ((CLASSES[byte] ?? 0) & ATOM) !== 0;
}

/** ASTRING-CHAR of RFC 9051 section 9. */
export function isAstringChar(byte: number | undefined): boolean {
  return byte !== undefined && ((CLASSES[byte] ?? 0) & ASTRING) !== 0;
}

/** list-char of RFC 9051 section 9. */
export function isListChar(byte: number | undefined): boolean {
  return byte !== undefined && ((CLASSES[byte] ?? 0) & LIST) !== 0;
}

/** A byte of `tag` of RFC 9051 section 9. */
export function isTagChar(byte: number | undefined): boolean {
  return byte !== undefined && ((CLASSES[byte] ?? 0) & TAG) !== 0;
}

/** `0` to `9`. */
export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** Text of bytes below 128; anything above becomes the same code point. */
export function asciiText(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): string {
  let text = "";
  for (let i = start; i < end; i++) {
    text += String.fromCharCode(bytes[i] ?? 0);
  }
  return text;
}

/** Upper case of `a` to `z` only. */
export function upperAscii(text: string): string {
  return text.replace(/[a-z]+/g, (part) => part.toUpperCase());
}

/** Lower case of `A` to `Z` only. */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (part) => part.toLowerCase());
}

/** Bytes of text that has code points below 256 only, one byte each. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

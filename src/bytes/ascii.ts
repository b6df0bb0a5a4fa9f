/**
 * Case folding and tests that know ASCII and nothing else: protocol words are
 * ASCII (RFC 5321 section 2.4, RFC 9051 section 9), and Unicode mappings would
 * make `\u017felect` a SELECT. Text for people is not folded here.
 */

const UPPER_A = 0x41;
const UPPER_Z = 0x5a;
const LOWER_A = 0x61;
const LOWER_Z = 0x7a;

/** `a` to `z` become `A` to `Z`; everything else stays. */
export function asciiUpper(text: string): string {
  return /[a-z]/.test(text)
    ? text.replace(/[a-z]+/g, (part) => part.toUpperCase())
    : text;
}

/** `A` to `Z` become `a` to `z`; everything else stays. */
export function asciiLower(text: string): string {
  return /[A-Z]/.test(text)
    ? text.replace(/[A-Z]+/g, (part) => part.toLowerCase())
    : text;
}

/** A copy with `a` to `z` as `A` to `Z`. */
export function asciiUpperBytes(bytes: Uint8Array): Uint8Array {
  const folded = new Uint8Array(bytes);
  for (let i = 0; i < folded.length; i++) {
    const byte = folded[i] ?? 0;
    if (byte >= LOWER_A && byte <= LOWER_Z) folded[i] = byte - 0x20;
  }
  return folded;
}

/** A copy with `A` to `Z` as `a` to `z`. */
export function asciiLowerBytes(bytes: Uint8Array): Uint8Array {
  const folded = new Uint8Array(bytes);
  for (let i = 0; i < folded.length; i++) {
    folded[i] = lowerByte(folded[i] ?? 0);
  }
  return folded;
}

/** One byte, `A` to `Z` folded to `a` to `z`. */
export function lowerByte(byte: number): number {
  return byte >= UPPER_A && byte <= UPPER_Z ? byte + 0x20 : byte;
}

/**
 * Whether `bytes` spell `text` but for the case of ASCII letters. Characters of
 * `text` above U+00FF equal no byte.
 */
export function equalsIgnoreCase(bytes: Uint8Array, text: string): boolean {
  if (bytes.length !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (lowerByte(bytes[i] ?? 0) !== lowerByte(text.charCodeAt(i))) {
      return false;
    }
  }
  return true;
}

/** Whether every byte of the range is below 128. */
export function isAscii(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): boolean {
  for (let i = start; i < end; i++) if ((bytes[i] ?? 0) >= 0x80) return false;
  return true;
}

/**
 * Bytes of text that is ASCII by its nature. Throws `RangeError` for anything
 * else: such text needs a charset, and its author has to name it.
 */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) throw new RangeError(`Not ASCII at character ${i}`);
    bytes[i] = code;
  }
  return bytes;
}

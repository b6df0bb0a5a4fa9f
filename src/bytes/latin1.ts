/**
 * ISO 8859-1 as it is: byte n is U+00n and back. `TextDecoder("latin1")` is
 * windows-1252 and must not be used for bytes that have to survive.
 */

/** More arguments than this in one call may overflow the stack. */
const CHUNK = 4096;
/** Below this a loop is faster than a call with a list. */
const SHORT = 24;

/** Every byte becomes the code point of the same number. */
export function decodeLatin1(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): string {
  let text = "";
  if (end - start <= SHORT) {
    for (let i = start; i < end; i++) {
      text += String.fromCharCode(bytes[i] ?? 0);
    }
    return text;
  }
  for (let at = start; at < end; at += CHUNK) {
    const part = bytes.subarray(at, Math.min(at + CHUNK, end));
    text += String.fromCharCode.apply(null, part as unknown as number[]);
  }
  return text;
}

/**
 * Every code point below U+0100 becomes its byte. Throws `RangeError` for
 * others: they cannot be written so.
 */
export function encodeLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new RangeError(`Not latin1 at character ${i}`);
    bytes[i] = code;
  }
  return bytes;
}

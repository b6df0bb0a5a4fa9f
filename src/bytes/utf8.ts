/**
 * UTF-8 (RFC 3629) with the decision about broken bytes in the name: the
 * platform's default replaces them silently and eats a byte order mark.
 */

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LOSSY = new TextDecoder("utf-8", { ignoreBOM: true });
const ENCODER = new TextEncoder();

/** Text of valid UTF-8; throws `TypeError` for anything else. Keeps a BOM. */
export function decodeUtf8(bytes: Uint8Array): string {
  return STRICT.decode(bytes);
}

/** Text of valid UTF-8; `undefined` for anything else. Keeps a BOM. */
export function tryDecodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return STRICT.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Text with U+FFFD for what is no UTF-8. Keeps a BOM. */
export function decodeUtf8Lossy(bytes: Uint8Array): string {
  return LOSSY.decode(bytes);
}

/** The bytes of `text`; lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return ENCODER.encode(text);
}

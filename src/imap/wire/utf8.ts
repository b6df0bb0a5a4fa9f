/** UTF-8 on the wire: strict, a byte order mark is kept as text. */

/**
 * The text, or `undefined` where the bytes are not UTF-8 (RFC 3629) or hold
 * NUL.
 */
export function tryDecodeUtf8(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes);
  } catch {
    // A TypeError says that the bytes are no UTF-8; nothing else is thrown.
    return undefined;
  }
}

/** The bytes of the text. */
export function encodeUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

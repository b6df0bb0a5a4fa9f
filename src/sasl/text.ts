/** Text of SASL messages. */

/** UTF-8 text without NUL; `undefined` where it is neither. */
export function tryDecodeText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes);
  } catch {
    // A TypeError says that the bytes are no UTF-8; nothing else is thrown.
    return undefined;
  }
}

/** Standard base64 with padding; `undefined` where the text is none. */
export function tryDecodeBase64(text: string): Uint8Array | undefined {
  const isBase64 = text.length % 4 === 0 &&
    /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  if (!isBase64) return undefined;
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Standard base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

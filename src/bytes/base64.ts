/**
 * Base64 of RFC 4648 section 4 and its lenient reading for mail bodies (RFC
 * 2045 section 6.8: whatever is not of the alphabet is passed over).
 */

interface NativeBase64 {
  toBase64(): string;
}
interface NativeConstructor {
  fromBase64(
    text: string,
    options?: { lastChunkHandling?: "loose" | "strict" },
  ): Uint8Array;
}

/** `bytes` in Base64 with padding and no line breaks. */
export function encodeBase64(bytes: Uint8Array): string {
  return (bytes as unknown as NativeBase64).toBase64();
}

/**
 * The bytes of canonical Base64 (padding required, no white space, nothing
 * after it); `undefined` for anything else. For protocol values.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || /[\t\n\f\r ]/.test(text)) return undefined;
  try {
    return (Uint8Array as unknown as NativeConstructor)
      .fromBase64(text, { lastChunkHandling: "strict" });
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const SKIP = 0xff;
const PAD = 0xfe;
const VALUES: Uint8Array = makeValues();

function makeValues(): Uint8Array {
  const table = new Uint8Array(256).fill(SKIP);
  const alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (let i = 0; i < 64; i++) table[alphabet.charCodeAt(i)] = i;
  table[0x3d] = PAD;
  return table;
}

/**
 * Decodes a Base64 body as it arrives. Bytes outside of the alphabet are passed
 * over; padding ends a group and decoding goes on after it (joined encodings).
 */
export class Base64Decoder {
  #bits = 0;
  #count = 0;

  /** The bytes that are complete with this chunk. */
  write(chunk: Uint8Array): Uint8Array {
    const out = new Uint8Array(((chunk.length + 3) * 3 >> 2) + 3);
    let at = 0;
    let bits = this.#bits;
    let count = this.#count;
    for (let i = 0; i < chunk.length; i++) {
      const value = VALUES[chunk[i] ?? 0] ?? SKIP;
      if (value < 64) {
        bits = (bits << 6) | value;
        if (++count < 4) continue;
        out[at++] = bits >> 16;
        out[at++] = bits >> 8;
        out[at++] = bits;
        bits = count = 0;
      } else if (value === PAD) {
        at = flush(out, at, bits, count);
        bits = count = 0;
      }
    }
    this.#bits = bits;
    this.#count = count;
    return out.subarray(0, at);
  }

  /** What an unpadded end leaves. */
  end(): Uint8Array {
    const out = new Uint8Array(2);
    const at = flush(out, 0, this.#bits, this.#count);
    this.#bits = this.#count = 0;
    return out.subarray(0, at);
  }
}

/** Writes the whole bytes of an incomplete group. */
function flush(
  out: Uint8Array,
  at: number,
  bits: number,
  count: number,
): number {
  if (count === 2) out[at++] = bits >> 4;
  if (count === 3) {
    out[at++] = bits >> 10;
    out[at++] = bits >> 2;
  }
  return at;
}

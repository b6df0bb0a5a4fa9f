/**
 * Quoted-printable, reading only. RFC 2045 section 6.7. Lenient: what is no
 * escape stays as written, as the RFC recommends for people's sake.
 */
import { hexValue } from "./char_class.ts";

const EQUALS = 0x3d;
const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const TAB = 0x09;

/** White space before a line break that is held back, at most. */
const MAX_HELD = 1024;
const MORE_FOLLOWS = false;
const AT_END = true;

/** Decodes a quoted-printable body as it arrives. */
export class QuotedPrintableDecoder {
  /** Bytes whose meaning hangs on what follows. */
  #held: Uint8Array = new Uint8Array(0);

  /** The bytes that are certain with this chunk. */
  write(chunk: Uint8Array): Uint8Array {
    return this.#decode(chunk, MORE_FOLLOWS);
  }

  /** What was held back. */
  end(): Uint8Array {
    return this.#decode(new Uint8Array(0), AT_END);
  }

  #decode(chunk: Uint8Array, final: boolean): Uint8Array {
    let input = chunk;
    if (this.#held.length > 0) {
      input = new Uint8Array(this.#held.length + chunk.length);
      input.set(this.#held);
      input.set(chunk, this.#held.length);
      this.#held = new Uint8Array(0);
    }
    const out = new Uint8Array(input.length);
    let length = 0;
    let at = 0;
    while (at < input.length) {
      const byte = input[at] ?? 0;
      if (byte === EQUALS) {
        const step = escape(input, at, final);
        if (step === undefined) break;
        if (step.byte !== undefined) out[length++] = step.byte;
        at = step.next;
      } else if (byte === SP || byte === TAB) {
        const end = endOfBlanks(input, at);
        const next = input[end];
        if (next === undefined && !final && end - at <= MAX_HELD) break;
        // Blanks before a line break were added on the way: RFC 2045 rule 3.
        const isTrailing = next === LF || next === undefined ||
          (next === CR && (input[end + 1] ?? LF) === LF);
        if (next === CR && end + 1 === input.length && !final) {
          if (end - at <= MAX_HELD) break;
        }
        if (!isTrailing) {
          while (at < end) out[length++] = input[at++] ?? 0;
        }
        at = end;
      } else {
        out[length++] = byte;
        at++;
      }
    }
    this.#held = input.slice(at);
    return out.subarray(0, length);
  }
}

/** A complete body. */
export function decodeQuotedPrintable(bytes: Uint8Array): Uint8Array {
  const decoder = new QuotedPrintableDecoder();
  const head = decoder.write(bytes);
  const tail = decoder.end();
  if (tail.length === 0) return head;
  const joined = new Uint8Array(head.length + tail.length);
  joined.set(head);
  joined.set(tail, head.length);
  return joined;
}

interface Escape {
  readonly byte: number | undefined;
  readonly next: number;
}

/** Reads at an equals sign; `undefined`: more bytes are needed. */
function escape(
  input: Uint8Array,
  at: number,
  final: boolean,
): Escape | undefined {
  const first = hexValue(input[at + 1]);
  if (first !== undefined) {
    const second = hexValue(input[at + 2]);
    if (second !== undefined) {
      return { byte: first * 16 + second, next: at + 3 };
    }
    if (at + 2 >= input.length && !final) return undefined;
    return { byte: EQUALS, next: at + 1 };
  }
  const end = endOfBlanks(input, at + 1);
  const next = input[end];
  if (next === LF) return { byte: undefined, next: end + 1 };
  if (next === CR) {
    const after = input[end + 1];
    if (after === LF) return { byte: undefined, next: end + 2 };
    if (after === undefined && !final) return undefined;
  }
  if (next === undefined) {
    if (!final && end - at <= MAX_HELD) return undefined;
    return { byte: undefined, next: end };
  }
  return { byte: EQUALS, next: at + 1 };
}

function endOfBlanks(input: Uint8Array, from: number): number {
  let at = from;
  while (input[at] === SP || input[at] === TAB) at++;
  return at;
}

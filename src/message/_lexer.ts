/**
 * Lexical elements of structured header fields: CFWS, quoted strings, tokens.
 * RFC 5322 section 3.2, RFC 2045 section 5.1. Tolerant: an unclosed comment or
 * string ends with the field. Every method moves forward in linear time.
 */
import { isTokenChar } from "#src/bytes/char_class.ts";

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const TAB = 0x09;
const NUL = 0;
const DQUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x28;
const CLOSE = 0x29;

/** Reads one field body; folds count as white space. */
export class HeaderLexer {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The byte at hand; `undefined` at the end. */
  get byte(): number | undefined {
    return this.bytes[this.at];
  }

  get atEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  /** Passes over white space, folds and comments (nested to any depth). */
  skipCfws(): void {
    for (;;) {
      const byte = this.bytes[this.at];
      if (byte === SP || byte === TAB || byte === CR || byte === LF) this.at++;
      else if (byte === OPEN) this.skipComment();
      else return;
    }
  }

  /** Passes over the comment at hand; returns its inside. */
  skipComment(): Uint8Array {
    const start = this.at + 1;
    let depth = 0;
    const bytes = this.bytes;
    for (; this.at < bytes.length; this.at++) {
      const byte = bytes[this.at];
      if (byte === BACKSLASH) this.at++;
      else if (byte === OPEN) depth++;
      else if (byte === CLOSE && --depth === 0) {
        return bytes.subarray(start, this.at++);
      }
    }
    this.at = bytes.length;
    return bytes.subarray(start);
  }

  /** Whether `byte` was at hand; passes over it. */
  take(byte: number): boolean {
    if (this.bytes[this.at] !== byte) return false;
    this.at++;
    return true;
  }

  /** A token of RFC 2045, also with 8-bit bytes in it. May be empty. */
  token(): Uint8Array {
    const start = this.at;
    const bytes = this.bytes;
    while (this.at < bytes.length) {
      const byte = bytes[this.at] ?? 0;
      if (!isTokenChar(byte) && byte < 0x80) break;
      this.at++;
    }
    return bytes.subarray(start, this.at);
  }

  /** The inside of the quoted string at hand, without escapes and folds. */
  quotedString(): Uint8Array {
    const bytes = this.bytes;
    const start = ++this.at;
    let plain = true;
    while (this.at < bytes.length) {
      const byte = bytes[this.at];
      if (byte === DQUOTE) break;
      if (byte === BACKSLASH) {
        plain = false;
        this.at++;
      } else if (byte === CR || byte === LF || byte === NUL) plain = false;
      this.at++;
    }
    const end = Math.min(this.at, bytes.length);
    this.at = Math.min(this.at + 1, bytes.length);
    const raw = bytes.subarray(start, end);
    return plain ? raw : unescape(raw);
  }
}

function unescape(raw: Uint8Array): Uint8Array {
  const out = new Uint8Array(raw.length);
  let length = 0;
  for (let i = 0; i < raw.length; i++) {
    let byte = raw[i] ?? 0;
    if (byte === BACKSLASH && i + 1 < raw.length) byte = raw[++i] ?? 0;
    if (byte !== CR && byte !== LF) out[length++] = byte;
  }
  return out.subarray(0, length);
}

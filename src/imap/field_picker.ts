/**
 * Picks fields out of a header block for `BODY[HEADER.FIELDS ...]`, over bytes
 * alone: of all that FETCH can be asked for this is asked for most. What counts
 * as a field is what `src/message/header_block.ts` takes for one.
 */
import type { ResponseWriter } from "./wire/response_writer.ts";

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const SP = 0x20;
const TAB = 0x09;
const BLANK_LINE = new Uint8Array([CR, LF]);

/** Made once a command; `pick` a header, then `write` or `bytes`. */
export class FieldPicker {
  readonly #names: readonly Uint8Array[];
  readonly #isWanted: boolean;
  #header: Uint8Array = BLANK_LINE;
  /** Starts and ends, neighbours joined. */
  #ranges: number[] = [];

  /** Names in lower case; `isWanted`: these, else all others. */
  constructor(names: readonly string[], isWanted: boolean) {
    const encoder = new TextEncoder();
    this.#names = names.map((name) => encoder.encode(name));
    this.#isWanted = isWanted;
  }

  /** Finds the fields; gives the length of them and the blank line. */
  pick(header: Uint8Array): number {
    this.#header = header;
    const ranges: number[] = this.#ranges = [];
    const length = header.length;
    let size = BLANK_LINE.length;
    let at = 0;
    while (at < length) {
      let end = lineEnd(header, at);
      while (end < length && (header[end] === SP || header[end] === TAB)) {
        end = lineEnd(header, end);
      }
      if (this.#takes(header, at, end)) {
        size += end - at;
        if (ranges.at(-1) === at) ranges[ranges.length - 1] = end;
        else ranges.push(at, end);
      }
      at = end;
    }
    return size;
  }

  /** Writes what was picked and the blank line. */
  write(out: ResponseWriter): void {
    const ranges = this.#ranges;
    for (let i = 0; i < ranges.length; i += 2) {
      out.bytes(this.#header.subarray(ranges[i], ranges[i + 1]));
    }
    out.bytes(BLANK_LINE);
  }

  /** What was picked as one run of bytes, with the blank line. */
  bytes(size: number): Uint8Array {
    const picked = new Uint8Array(size);
    const ranges = this.#ranges;
    let to = 0;
    for (let i = 0; i < ranges.length; i += 2) {
      const part = this.#header.subarray(ranges[i], ranges[i + 1]);
      picked.set(part, to);
      to += part.length;
    }
    picked.set(BLANK_LINE, to);
    return picked;
  }

  #takes(header: Uint8Array, start: number, end: number): boolean {
    let colon = start;
    while (colon < end && header[colon] !== COLON) colon++;
    // RFC 5322 section 4.5: blanks may stand before the colon.
    let nameEnd = colon;
    while (nameEnd > start && isBlank(header[nameEnd - 1])) nameEnd--;
    if (colon === end || nameEnd === start) return false;
    for (const name of this.#names) {
      if (name.length !== nameEnd - start) continue;
      if (isSame(header, start, name)) return this.#isWanted;
    }
    return !this.#isWanted && isName(header, start, nameEnd);
  }
}

/** Whether `name` (lower case) stands at `start` in any case of letters. */
function isSame(header: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = header[start + i] ?? 0;
    const folded = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
    if (folded !== name[i]) return false;
  }
  return true;
}

/** RFC 5322 section 3.6.8: printable ASCII. */
function isName(header: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = header[i] ?? 0;
    if (byte <= SP || byte >= 0x7f) return false;
  }
  return true;
}

/** The offset after the next LF, or the end. */
function lineEnd(bytes: Uint8Array, from: number): number {
  // Header lines are short: looking at each byte beats a call of `indexOf`.
  const length = bytes.length;
  let at = from;
  while (at < length && bytes[at] !== LF) at++;
  return at < length ? at + 1 : length;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === TAB;
}

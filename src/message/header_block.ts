/**
 * The header of a message as received: its bytes, and its fields as ranges of
 * those bytes. RFC 5322 section 2.2. Nothing is decoded here.
 */

/** One header field; `name` in lower case, offsets into the block's bytes. */
export interface HeaderField {
  /** ASCII lower case. */
  readonly name: string;
  /** First byte of the field name. */
  readonly start: number;
  /** First byte after the colon. */
  readonly valueStart: number;
  /** First byte after the line break that ends the field, folds included. */
  readonly end: number;
}

/** The blank line between header and body belongs to the header. */
const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const SP = 0x20;
const TAB = 0x09;

/**
 * Immutable header bytes, up to and including the blank line where the message
 * has one. The bytes are never changed by anybody; `prepend` makes a new block.
 */
export class HeaderBlock {
  readonly bytes: Uint8Array;
  #fields: readonly HeaderField[] | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Every field in the order of the message. Computed at the first call. */
  get fields(): readonly HeaderField[] {
    return this.#fields ??= scanFields(this.bytes);
  }

  /** The fields of that name (given in lower case), top to bottom. */
  all(name: string): readonly HeaderField[] {
    return this.fields.filter((field) => field.name === name);
  }

  /** The topmost field of that name (given in lower case). */
  first(name: string): HeaderField | undefined {
    return this.fields.find((field) => field.name === name);
  }

  /** The bytes between colon and final line break, folds kept. A view. */
  rawValue(field: HeaderField): Uint8Array {
    let end = field.end;
    if (this.bytes[end - 1] === LF) end--;
    if (this.bytes[end - 1] === CR) end--;
    return this.bytes.subarray(
      field.valueStart,
      Math.max(end, field.valueStart),
    );
  }

  /** A block with `lines` (complete fields, each ending with CRLF) on top. */
  prepend(lines: Uint8Array): HeaderBlock {
    const joined = new Uint8Array(lines.length + this.bytes.length);
    joined.set(lines);
    joined.set(this.bytes, lines.length);
    return new HeaderBlock(joined);
  }

  /** A block without the fields for which `drop` holds. */
  without(drop: (field: HeaderField) => boolean): HeaderBlock {
    const kept: Uint8Array[] = [];
    let from = 0;
    for (const field of this.fields) {
      if (!drop(field)) continue;
      kept.push(this.bytes.subarray(from, field.start));
      from = field.end;
    }
    kept.push(this.bytes.subarray(from));
    const joined = new Uint8Array(kept.reduce((sum, k) => sum + k.length, 0));
    let at = 0;
    for (const part of kept) {
      joined.set(part, at);
      at += part.length;
    }
    return new HeaderBlock(joined);
  }
}

/**
 * Where the header ends: the offset just after the blank line, or `undefined`
 * when `bytes` has no blank line (yet). A body may start with a blank line:
 * then the header is that line alone.
 */
export function findHeaderEnd(bytes: Uint8Array, from = 0): number | undefined {
  let lineStart = from;
  while (lineStart < bytes.length) {
    const lf = bytes.indexOf(LF, lineStart);
    if (lf < 0) return undefined;
    if (lf === lineStart) return lf + 1;
    if (lf === lineStart + 1 && bytes[lineStart] === CR) return lf + 1;
    lineStart = lf + 1;
  }
  return undefined;
}

/** Finds the fields; lines that are no field and no fold are passed over. */
function scanFields(bytes: Uint8Array): readonly HeaderField[] {
  const fields: HeaderField[] = [];
  let at = 0;
  while (at < bytes.length) {
    let end = lineEnd(bytes, at);
    while (end < bytes.length && (bytes[end] === SP || bytes[end] === TAB)) {
      end = lineEnd(bytes, end);
    }
    const field = fieldAt(bytes, at, end);
    if (field !== undefined) fields.push(field);
    at = end;
  }
  return fields;
}

/** The offset after the next LF, or the end. */
function lineEnd(bytes: Uint8Array, from: number): number {
  const lf = bytes.indexOf(LF, from);
  return lf < 0 ? bytes.length : lf + 1;
}

/** Reads one field name; RFC 5322 section 3.6.8 and 4.5 (space before colon). */
function fieldAt(
  bytes: Uint8Array,
  start: number,
  end: number,
): HeaderField | undefined {
  const colon = bytes.subarray(start, end).indexOf(COLON);
  if (colon <= 0) return undefined;
  let nameEnd = start + colon;
  while (nameEnd > start && isBlank(bytes[nameEnd - 1])) nameEnd--;
  let name = "";
  for (let i = start; i < nameEnd; i++) {
    const byte = bytes[i] ?? 0;
    if (byte <= SP || byte >= 0x7f) return undefined;
    const isUpper = byte >= 0x41 && byte <= 0x5a;
    name += String.fromCharCode(isUpper ? byte + 0x20 : byte);
  }
  if (name === "") return undefined;
  return { name, start, valueStart: start + colon + 1, end };
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === TAB;
}

/** Text of messages as SEARCH compares it: decoded, without case. */
import { displayAddresses } from "#src/address/display_address.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import { decodePart, decodePartStream } from "#src/message/decode_part.ts";
import { decodeHeaderText } from "#src/message/encoded_word.ts";
import { htmlToText } from "#src/message/html_text.ts";
import type { PartRange } from "#src/imap/summary.ts";
import { fold } from "../fulltext/fold_text.ts";

const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");

/** Longest part that is decoded as a whole and kept during one message. */
const WHOLE_BYTES = 1024 * 1024;

/** Folding may join a character with those before it: so many are kept. */
const FOLD_REACH = 32;

/** Deepest tree of parts that is walked. */
const MAX_DEPTH = 100;

/** One field of a header; name in lower case, value decoded and folded. */
export interface HeaderLine {
  readonly name: string;
  readonly value: string;
}

/** The fields of a header, decoded when first asked for. */
export class HeaderText {
  readonly #block: HeaderBlock;
  #lines: readonly HeaderLine[] | undefined;

  constructor(header: Uint8Array | HeaderBlock) {
    this.#block = header instanceof HeaderBlock
      ? header
      : new HeaderBlock(header);
  }

  /** The whole header. */
  get lines(): readonly HeaderLine[] {
    return this.#lines ??= this.#block.fields.map((field) => ({
      name: field.name,
      value: fieldText(field.name, this.#block.rawValue(field)),
    }));
  }

  /** Whether a line, name and value, has `wanted` (folded). */
  includes(wanted: string): boolean {
    return this.lines.some((line) => lineText(line).includes(wanted));
  }

  /** Whether a field of that name has `wanted` (folded) in its value. */
  has(name: string, wanted: string): boolean {
    return this.#block.all(name).some((field) =>
      fieldText(name, this.#block.rawValue(field)).includes(wanted)
    );
  }
}

/** Fields of the envelope that hold addresses. */
const ADDRESS_FIELDS: ReadonlySet<string> = new Set([
  "from",
  "to",
  "cc",
  "bcc",
  "sender",
  "reply-to",
]);

/**
 * Of addresses, the envelope's form too where comments or spaces stand inside
 * (RFC 9051 section 6.4.4: "the envelope structure's FROM field").
 */
function fieldText(name: string, raw: Uint8Array): string {
  const value = foldValue(raw);
  if (!ADDRESS_FIELDS.has(name) || !/\(|\s@|@\s/.test(value)) return value;
  const missing = displayAddresses(raw)
    .map(({ address }) => fold(address))
    .filter((address) => !value.includes(address));
  return missing.length === 0 ? value : `${value} ${missing.join(" ")}`;
}

/** A field as one text. */
function lineText({ name, value }: HeaderLine): string {
  return `${name.toUpperCase()}: ${value}`;
}

function foldValue(raw: Uint8Array): string {
  return fold(decodeHeaderText(raw)).trim();
}

/** Midnight UTC of the day that the Date field names in its own zone. */
export function writtenDay(header: HeaderBlock): number | undefined {
  const field = header.first("date");
  if (field === undefined) return undefined;
  const match = /(?:^|[ ,])(\d{1,2}) +([A-Z]{3})[A-Z]* +(\d{4})(?: |$)/.exec(
    foldValue(header.rawValue(field)),
  );
  if (match === null) return undefined;
  const [, day = "", name = "", year = ""] = match;
  const month = MONTHS.indexOf(name);
  return month < 0
    ? undefined
    : Date.UTC(Number.parseInt(year, 10), month, Number.parseInt(day, 10));
}

/** Gives bytes of a body. */
export interface BodyReader {
  /** All of them; for short ranges. */
  read(start: number, end: number): Promise<Uint8Array>;
  open(start: number, end: number): Promise<ReadableStream<Uint8Array>>;
}

/** Texts of a body, as many as were asked for. */
export interface BodyTexts {
  readonly texts: readonly string[];
  /** Whether there is no more. */
  readonly complete: boolean;
}

/**
 * What is readable of one message beside its header: text parts (of HTML what
 * stands between the tags), file names, headers of inner messages.
 */
export class BodyText {
  readonly #reader: BodyReader;
  /** Decoded and folded, by where they begin. */
  readonly #whole = new Map<number, readonly string[]>();
  readonly #parts: Parts = { texts: [], headers: [], names: [] };

  constructor(root: PartRange, reader: BodyReader) {
    this.#reader = reader;
    walk(root, 0, this.#parts);
  }

  /** Whether one of the texts has `wanted` (folded). */
  async includes(wanted: string): Promise<boolean> {
    if (wanted === "") return true;
    if (this.#parts.names.some((name) => name.includes(wanted))) return true;
    for (const part of this.#parts.headers) {
      const lines = await this.#headerLines(part);
      if (lines.some((line) => line.includes(wanted))) return true;
    }
    for (const part of this.#parts.texts) {
      if (await this.#partIncludes(part, wanted)) return true;
    }
    return false;
  }

  /** The texts for an index, `limit` characters of them about. */
  async texts(limit: number): Promise<BodyTexts> {
    const texts: string[] = [...this.#parts.names];
    let complete = true;
    let room = limit;
    for (const part of this.#parts.headers) {
      for (const line of await this.#headerLines(part)) {
        texts.push(line);
        room -= line.length;
      }
      if (room < 0) return { texts, complete: false };
    }
    for (const part of this.#parts.texts) {
      if (part.bodyEnd <= part.bodyStart) continue;
      if (part.bodyEnd - part.bodyStart > Math.min(WHOLE_BYTES, room)) {
        complete = false;
        continue;
      }
      const [text = ""] = await this.#partText(part);
      texts.push(text);
      room -= text.length;
    }
    return { texts, complete };
  }

  async #partIncludes(part: PartRange, wanted: string): Promise<boolean> {
    const { bodyStart, bodyEnd, encoding, charset } = part;
    if (bodyEnd <= bodyStart) return false;
    if (bodyEnd - bodyStart > WHOLE_BYTES) {
      const stream = await this.#reader.open(bodyStart, bodyEnd);
      return await streamIncludes(
        decodePartStream(stream, encoding, charset),
        wanted,
      );
    }
    const [text = ""] = await this.#partText(part);
    return text.includes(wanted);
  }

  #partText(part: PartRange): Promise<readonly string[]> {
    const { bodyStart, bodyEnd, encoding, charset, type } = part;
    return this.#once(bodyStart, async () => {
      const bytes = await this.#reader.read(bodyStart, bodyEnd);
      const text = decodePart(bytes, encoding, charset);
      return [fold(type === "text/html" ? htmlToText(text) : text)];
    });
  }

  #headerLines(part: PartRange): Promise<readonly string[]> {
    return this.#once(part.headerStart, async () => {
      const end = Math.min(part.bodyStart, part.headerStart + WHOLE_BYTES);
      const header = await this.#reader.read(part.headerStart, end);
      return new HeaderText(header).lines.map(lineText);
    });
  }

  async #once(
    at: number,
    make: () => Promise<readonly string[]>,
  ): Promise<readonly string[]> {
    const known = this.#whole.get(at);
    if (known !== undefined) return known;
    const texts = await make();
    this.#whole.set(at, texts);
    return texts;
  }
}

/** What there is to read in a message. */
interface Parts {
  readonly texts: PartRange[];
  readonly headers: PartRange[];
  /** Folded. */
  readonly names: string[];
}

/** Finds text parts, file names and headers of inner messages. */
function walk(part: PartRange, depth: number, parts: Parts): void {
  if (depth > MAX_DEPTH) return;
  if (part.filename !== undefined) parts.names.push(fold(part.filename));
  if (part.message !== undefined) {
    if (part.message.bodyStart > part.message.headerStart) {
      parts.headers.push(part.message);
    }
    walk(part.message, depth + 1, parts);
  } else if (part.children !== undefined) {
    for (const child of part.children) walk(child, depth + 1, parts);
  } else if (part.type.startsWith("text/")) {
    parts.texts.push(part);
  }
}

/** Looks for `wanted` (folded) in pieces of text. */
async function streamIncludes(
  pieces: ReadableStream<string>,
  wanted: string,
): Promise<boolean> {
  const overlap = wanted.length + FOLD_REACH;
  let before = "";
  for await (const piece of pieces) {
    const text = fold(before + piece);
    if (text.includes(wanted)) return true;
    before = text.slice(-overlap * 2);
  }
  return false;
}

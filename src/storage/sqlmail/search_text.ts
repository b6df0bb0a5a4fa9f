/** Text of messages as SEARCH compares it: decoded, without case. */
import { HeaderBlock } from "#src/message/header_block.ts";
import { decodePart, decodePartStream } from "#src/message/decode_part.ts";
import { decodeHeaderText } from "#src/message/encoded_word.ts";
import type { PartRange } from "#src/imap/summary.ts";

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");

/** Longest part that is decoded as a whole and kept during one message. */
const WHOLE_BYTES = 1024 * 1024;

/** Folding may join a character with those before it: so many are kept. */
const FOLD_REACH = 32;

/** Deepest tree of parts that is walked. */
const MAX_DEPTH = 100;

/** Text in the form in which it is compared (i;unicode-casemap, about). */
export function fold(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** The fields of a header, decoded when first asked for. */
export class HeaderText {
  readonly #block: HeaderBlock;
  #all: string | undefined;

  constructor(header: Uint8Array) {
    this.#block = new HeaderBlock(header);
  }

  /** The whole header. */
  get all(): string {
    return this.#all ??= this.#block.fields.map((field) =>
      `${field.name}: ${
        fold(decodeHeaderText(this.#block.rawValue(field)))
      }\r\n`
    ).join("");
  }

  /** Whether a field of that name has `wanted` (folded) in its value. */
  has(name: string, wanted: string): boolean {
    return this.values(name).some((value) => value.includes(wanted));
  }

  /** Values of the fields of that name (lower case), decoded and folded. */
  values(name: string): readonly string[] {
    return this.#block.all(name).map((field) =>
      fold(decodeHeaderText(this.#block.rawValue(field)))
    );
  }
}

/** Midnight UTC of the day that the Date field names in its own zone. */
export function writtenDay(header: HeaderText): number | undefined {
  const [value] = header.values("date");
  const match = /(?:^|[ ,])(\d{1,2}) +([a-z]{3})[a-z]* +(\d{4})(?: |$)/.exec(
    value?.trim() ?? "",
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

/** The readable parts of one message. */
export class BodyText {
  readonly #reader: BodyReader;
  /** Decoded and folded, by where they begin. */
  readonly #whole = new Map<number, string>();
  readonly #parts: readonly PartRange[];
  readonly #headers: readonly PartRange[];

  constructor(root: PartRange, reader: BodyReader) {
    this.#reader = reader;
    const parts: PartRange[] = [];
    const headers: PartRange[] = [];
    walk(root, 0, parts, headers);
    this.#parts = parts;
    this.#headers = headers;
  }

  /** Whether a text part, or a header of an inner message, has `wanted`. */
  async includes(wanted: string): Promise<boolean> {
    if (wanted === "") return true;
    for (const part of this.#headers) {
      const text = await this.#text(part.headerStart, async () => {
        const end = Math.min(part.bodyStart, part.headerStart + WHOLE_BYTES);
        const header = await this.#reader.read(part.headerStart, end);
        return new HeaderText(header).all;
      });
      if (text.includes(wanted)) return true;
    }
    for (const part of this.#parts) {
      if (await this.#partIncludes(part, wanted)) return true;
    }
    return false;
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
    const text = await this.#text(bodyStart, async () => {
      const bytes = await this.#reader.read(bodyStart, bodyEnd);
      return fold(decodePart(bytes, encoding, charset));
    });
    return text.includes(wanted);
  }

  async #text(at: number, make: () => Promise<string>): Promise<string> {
    const known = this.#whole.get(at);
    if (known !== undefined) return known;
    const text = await make();
    this.#whole.set(at, text);
    return text;
  }
}

/** Finds text parts and headers of inner messages. */
function walk(
  part: PartRange,
  depth: number,
  parts: PartRange[],
  headers: PartRange[],
): void {
  if (depth > MAX_DEPTH) return;
  if (part.message !== undefined) {
    if (part.message.bodyStart > part.message.headerStart) {
      headers.push(part.message);
    }
    walk(part.message, depth + 1, parts, headers);
  } else if (part.children !== undefined) {
    for (const child of part.children) walk(child, depth + 1, parts, headers);
  } else if (part.type.startsWith("text/")) {
    parts.push(part);
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
    const raw = before + piece;
    if (fold(raw).includes(wanted)) return true;
    before = raw.slice(-overlap * 2);
  }
  return false;
}

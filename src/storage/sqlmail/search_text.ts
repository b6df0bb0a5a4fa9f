/** Text of messages as SEARCH compares it: decoded, without case. */
import { HeaderBlock } from "#src/message/header_block.ts";
import type { PartRange } from "#src/imap/summary.ts";

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");

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
    return this.#all ??= fold(decodeHeaderText(this.#block.bytes));
  }

  /** Whether a field of that name has `wanted` (folded) in its value. */
  has(name: string, wanted: string): boolean {
    return this.values(name).some((value) => value.includes(wanted));
  }

  /** Values of the fields of that name, decoded and folded. */
  values(name: string): readonly string[] {
    return this.#block.all(name).map((field) =>
      fold(decodeHeaderText(this.#block.rawValue(field)))
    );
  }
}

/** Decodes header text: unfolds, encoded words. */
function decodeHeaderText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replaceAll(/\r?\n(?=[ \t])/g, "");
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

/** The text parts of a body, decoded and folded. */
export function partTexts(
  root: PartRange,
  body: Uint8Array,
): readonly string[] {
  const texts: string[] = [];
  addTexts(root, body, texts);
  return texts;
}

function addTexts(part: PartRange, body: Uint8Array, texts: string[]): void {
  const bytes = body.subarray(part.bodyStart, part.bodyEnd);
  for (const child of part.children ?? []) addTexts(child, body, texts);
  if (part.message !== undefined) addTexts(part.message, body, texts);
  else if (part.type.startsWith("text/")) {
    texts.push(fold(new TextDecoder().decode(bytes)));
  }
}

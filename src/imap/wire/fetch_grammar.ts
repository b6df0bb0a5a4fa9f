/** Items of FETCH. RFC 9051 section 9 (`fetch-att`, `section`), RFC 3501. */
import type {
  BinaryItem,
  FetchItem,
  Partial,
  SectionItem,
  SimpleItem,
} from "#src/imap/fetch_item.ts";
import { asciiText, lowerAscii } from "./ascii.ts";
import type { Cursor } from "./cursor.ts";

const SP = 0x20;
const OPEN_LIST = 0x28;
const LETTER_L = 0x4c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const DOT = 0x2e;
const LESS = 0x3c;
const GREATER = 0x3e;

/** Most parts in a section path: nesting of messages is bounded too. */
const MAX_PATH = 100;

const SIMPLE: ReadonlyMap<string, SimpleItem> = new Map([
  ["UID", "UID"],
  ["FLAGS", "FLAGS"],
  ["INTERNALDATE", "INTERNALDATE"],
  ["ENVELOPE", "ENVELOPE"],
  ["BODYSTRUCTURE", "BODYSTRUCTURE"],
  ["MODSEQ", "MODSEQ"],
  ["PREVIEW", "PREVIEW"],
  ["SAVEDATE", "SAVEDATE"],
  ["EMAILID", "EMAILID"],
  ["THREADID", "THREADID"],
]);

const MACROS: ReadonlyMap<string, readonly SimpleItem[]> = new Map([
  ["ALL", ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"]],
  ["FAST", ["FLAGS", "INTERNALDATE", "RFC822.SIZE"]],
  ["FULL", ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"]],
]);

/** Reads one item, a macro, or a list of items. */
export function parseFetchItems(cursor: Cursor): FetchItem[] {
  const items: FetchItem[] = [];
  if (cursor.atList) {
    cursor.list(() => items.push(parseItem(cursor, parseName(cursor))));
    return items;
  }
  const name = parseName(cursor);
  const macro = MACROS.get(name);
  if (macro === undefined) return [parseItem(cursor, name)];
  return macro.map((simple) => ({ kind: "simple", name: simple }));
}

/** Letters of a name; digits and dots follow in `parseItem`. */
function parseName(cursor: Cursor): string {
  const letters = cursor.tryLetters() ?? cursor.fail("fetch item");
  // RFC822 is the one name with digits.
  if (letters !== "RFC") return letters;
  const digits = `${cursor.number()}`;
  if (digits !== "822") cursor.fail("fetch item");
  return "RFC822";
}

function parseItem(cursor: Cursor, name: string): FetchItem {
  const simple = SIMPLE.get(name);
  if (simple === "PREVIEW") skipPreviewModifiers(cursor);
  if (simple !== undefined) return { kind: "simple", name: simple };
  if (name === "BINARY") return parseBinary(cursor);
  if (name === "RFC822") return parseRfc822(cursor);
  if (name === "BODY") return parseBody(cursor);
  return cursor.fail("fetch item");
}

function parseRfc822(cursor: Cursor): FetchItem {
  const suffix = cursor.tryByte(DOT) ? cursor.tryLetters() : "";
  const base = {
    kind: "section",
    part: [],
    fields: [],
    partial: undefined,
  } as const;
  switch (suffix) {
    case "":
      return { ...base, label: "RFC822", what: "all", marksSeen: true };
    case "SIZE":
      return { kind: "simple", name: "RFC822.SIZE" };
    case "HEADER":
      return {
        ...base,
        label: "RFC822.HEADER",
        what: "header",
        marksSeen: false,
      };
    case "TEXT":
      return { ...base, label: "RFC822.TEXT", what: "text", marksSeen: true };
    default:
      return cursor.fail("fetch item");
  }
}

function parseBody(cursor: Cursor): FetchItem {
  let marksSeen = true;
  if (cursor.tryByte(DOT)) {
    if (cursor.tryLetters() !== "PEEK") cursor.fail("PEEK");
    marksSeen = false;
    if (cursor.peek() !== OPEN) cursor.fail("section");
  }
  if (cursor.peek() !== OPEN) return { kind: "simple", name: "BODY" };
  const section = parseSection(cursor);
  const partial = parsePartial(cursor);
  return { ...section, partial, marksSeen };
}

/** ` (LAZY)`: what is stored is there at once. RFC 8970 section 3.2. */
function skipPreviewModifiers(cursor: Cursor): void {
  // No modifier of FETCH itself begins with that letter.
  const isLazy = cursor.peek() === SP && cursor.peek(1) === OPEN_LIST &&
    ((cursor.peek(2) ?? 0) & 0xdf) === LETTER_L;
  if (!isLazy) return;
  cursor.sp();
  cursor.list(() => {
    if (!cursor.tryWord("LAZY")) cursor.fail("preview modifier");
  });
}

/**
 * `BINARY[1]<0.5>`, `BINARY.PEEK[]`, `BINARY.SIZE[1]`. RFC 3516 section 7.
 * DEVIATION there: `BINARY[1.MIME]` and other texts are taken too, and are the
 * bytes that BODY has. INTEROP Dovecot, imaptest.
 */
function parseBinary(cursor: Cursor): BinaryItem | SectionItem {
  const word = cursor.tryByte(DOT) ? cursor.tryLetters() : "";
  const isSize = word === "SIZE";
  if (word !== "" && word !== "PEEK" && !isSize) {
    cursor.fail("PEEK or SIZE");
  }
  const section = parseSection(cursor);
  const name = isSize ? "BINARY.SIZE" : "BINARY";
  const around = {
    label: section.label.replace("BODY", name),
    partial: isSize ? undefined : parsePartial(cursor),
    marksSeen: word === "",
  };
  if (section.what !== "all") {
    return { ...section, ...around, sizeOnly: isSize };
  }
  const what = isSize ? "size" : "data";
  return { kind: "binary", part: section.part, what, ...around };
}

/** A section without what FETCH says around it. */
export type Section = Omit<SectionItem, "partial" | "marksSeen">;

/** `[1.2.HEADER]`; also what stands in URLs, between brackets. */
export function parseSection(cursor: Cursor): Section {
  cursor.byte(OPEN);
  const part = parsePath(cursor);
  const path = part.join(".");
  const done = (
    what: SectionItem["what"],
    text: string,
    fields: readonly string[] = [],
  ): Section => {
    cursor.byte(CLOSE);
    const label = `BODY[${path}${
      path !== "" && text !== "" ? "." : ""
    }${text}]`;
    return { kind: "section", label, part, what, fields };
  };
  if (cursor.peek() === CLOSE) return done("all", "");
  const word = cursor.tryLetters();
  if (word === "TEXT") return done("text", "TEXT");
  if (word === "MIME" && part.length > 0) return done("mime", "MIME");
  if (word !== "HEADER") return cursor.fail("section");
  if (!cursor.tryByte(DOT)) return done("header", "HEADER");
  if (cursor.tryLetters() !== "FIELDS") cursor.fail("FIELDS");
  const isNot = cursor.tryByte(DOT);
  if (isNot && cursor.tryLetters() !== "NOT") cursor.fail("NOT");
  const name = isNot ? "HEADER.FIELDS.NOT" : "HEADER.FIELDS";
  cursor.sp();
  const { fields, text } = parseFieldNames(cursor);
  return done(isNot ? "fieldsNot" : "fields", `${name} (${text})`, fields);
}

/** `1.2.` up to a word or the closing bracket. */
function parsePath(cursor: Cursor): number[] {
  const part: number[] = [];
  while (isDigitNext(cursor)) {
    if (part.length >= MAX_PATH) cursor.fail("shorter section");
    part.push(cursor.nzNumber());
    if (!cursor.tryByte(DOT)) {
      if (cursor.peek() !== CLOSE) cursor.fail("end of section");
      break;
    }
    if (cursor.peek() === CLOSE) cursor.fail("section");
  }
  return part;
}

function isDigitNext(cursor: Cursor): boolean {
  const byte = cursor.peek();
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** Field names, and how the response spells them: as the client did. */
function parseFieldNames(
  cursor: Cursor,
): { readonly fields: string[]; readonly text: string } {
  const fields: string[] = [];
  const spelled: string[] = [];
  cursor.list(() => {
    const bytes = cursor.astring();
    // RFC 5322 section 3.6.8: printable ASCII without colon. Anything else
    // names no field and could not be repeated in the response.
    const isName = bytes.length > 0 &&
      bytes.every((byte) => byte > 0x20 && byte < 0x7f && byte !== 0x3a);
    if (!isName) cursor.fail("header field name");
    const name = asciiText(bytes);
    fields.push(lowerAscii(name));
    const isAtom = !/[(){%*"\\\]]/.test(name);
    const escaped = name.replace(/["\\]/g, "\\$&");
    spelled.push(isAtom ? name : `"${escaped}"`);
  });
  return { fields, text: spelled.join(" ") };
}

function parsePartial(cursor: Cursor): Partial | undefined {
  if (!cursor.tryByte(LESS)) return undefined;
  const offset = cursor.number64();
  // The answer names it as it was given.
  if (offset === Number.MAX_SAFE_INTEGER) cursor.fail("smaller offset");
  cursor.byte(DOT);
  const count = cursor.number64();
  if (count === 0) cursor.fail("number above 0");
  cursor.byte(GREATER);
  return { offset, count };
}

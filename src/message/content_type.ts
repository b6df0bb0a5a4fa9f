/**
 * Content-Type, Content-Disposition and their parameters. RFC 2045 section 5,
 * RFC 2183, RFC 2231 (continuations and charsets). Tolerant of what is seen in
 * the field: missing quotes, stray semicolons, 8-bit values.
 */
import { asciiLower } from "#src/bytes/ascii.ts";
import { isAttributeChar } from "#src/bytes/char_class.ts";
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import { decodeLatin1 } from "#src/bytes/latin1.ts";
import { HeaderLexer } from "./_lexer.ts";
import { trimBytes } from "./field_value.ts";

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const SLASH = 0x2f;
const DQUOTE = 0x22;
const QUOTE = 0x27;
const STAR = 0x2a;
const LF = 0x0a;
const CR = 0x0d;

/** Parameters that are kept of one field, continuations counted one by one. */
const MAX_PARAMETERS = 1_000;
/** Longest parameter name that is kept. */
const MAX_NAME = 128;

/**
 * One parameter; `name` in lower case. A name that ends with `*` has a value
 * in the form `charset'language'percent-text` of RFC 2231 section 4.
 * Continuations are joined already (RFC 2231 section 3).
 */
export interface Parameter {
  readonly name: string;
  /** Without quotes; may be a view of the header. */
  readonly value: Uint8Array;
}

/** A parsed Content-Type; `type` and `subtype` in lower case. */
export interface ContentType {
  readonly type: string;
  readonly subtype: string;
  readonly parameters: readonly Parameter[];
}

/** A parsed Content-Disposition; `kind` in lower case. */
export interface ContentDisposition {
  readonly kind: string;
  readonly parameters: readonly Parameter[];
}

/** Reads a Content-Type; `undefined` for what has no type and subtype. */
export function parseContentType(raw: Uint8Array): ContentType | undefined {
  const lexer = new HeaderLexer(raw);
  lexer.skipCfws();
  const type = lexer.token();
  lexer.skipCfws();
  if (type.length === 0 || !lexer.take(SLASH)) return undefined;
  lexer.skipCfws();
  const subtype = lexer.token();
  if (subtype.length === 0) return undefined;
  return {
    type: asciiLower(decodeLatin1(type)),
    subtype: asciiLower(decodeLatin1(subtype)),
    parameters: parseParameters(lexer),
  };
}

/** Reads a Content-Disposition; `undefined` for one without a kind. */
export function parseContentDisposition(
  raw: Uint8Array,
): ContentDisposition | undefined {
  const lexer = new HeaderLexer(raw);
  lexer.skipCfws();
  const kind = lexer.token();
  if (kind.length === 0) return undefined;
  return {
    kind: asciiLower(decodeLatin1(kind)),
    parameters: parseParameters(lexer),
  };
}

/** The value of the parameter of that name, as bytes. */
export function parameter(
  parameters: readonly Parameter[],
  name: string,
): Uint8Array | undefined {
  for (const one of parameters) if (one.name === name) return one.value;
  return undefined;
}

/** One piece as written. */
interface Piece {
  /** Name without section number and final star. */
  readonly base: string;
  /** Section of a continuation; `undefined`: not continued. */
  readonly section: number | undefined;
  /** The name ends with a star. */
  readonly extended: boolean;
  readonly value: Uint8Array;
}

/** Reads `;name=value` to the end; also after stray text. */
function parseParameters(lexer: HeaderLexer): readonly Parameter[] {
  const pieces: Piece[] = [];
  let continued = false;
  let rounds = 0;
  while (!lexer.atEnd && rounds++ < MAX_PARAMETERS) {
    const semicolon = nextSemicolon(lexer);
    if (!semicolon) break;
    lexer.skipCfws();
    const name = lexer.token();
    lexer.skipCfws();
    if (name.length === 0 || name.length > MAX_NAME || !lexer.take(EQUALS)) {
      continue;
    }
    lexer.skipCfws();
    const piece = pieceOf(asciiLower(decodeLatin1(name)), readValue(lexer));
    if (piece.section !== undefined) continued = true;
    pieces.push(piece);
  }
  if (continued) return joinContinued(pieces);
  return pieces.map(({ base, extended, value }) => ({
    name: extended ? `${base}*` : base,
    value,
  }));
}

/** Moves past the next semicolon that is outside of strings and comments. */
function nextSemicolon(lexer: HeaderLexer): boolean {
  while (!lexer.atEnd) {
    lexer.skipCfws();
    if (lexer.take(SEMICOLON)) return true;
    if (lexer.byte === DQUOTE) lexer.quotedString();
    else lexer.at++;
  }
  return false;
}

/** A quoted string, or everything up to the semicolon. */
function readValue(lexer: HeaderLexer): Uint8Array {
  if (lexer.byte === DQUOTE) return lexer.quotedString();
  const start = lexer.at;
  const token = lexer.token();
  const end = lexer.at;
  lexer.skipCfws();
  if (lexer.atEnd || lexer.byte === SEMICOLON) return token;
  // INTEROP: unquoted file names with spaces and brackets are common.
  lexer.at = end;
  const semicolon = lexer.bytes.indexOf(SEMICOLON, start);
  lexer.at = semicolon < 0 ? lexer.bytes.length : semicolon;
  return withoutBreaks(trimBytes(lexer.bytes.subarray(start, lexer.at)));
}

function withoutBreaks(bytes: Uint8Array): Uint8Array {
  if (bytes.indexOf(LF) < 0 && bytes.indexOf(CR) < 0) return bytes;
  return bytes.filter((byte) => byte !== CR && byte !== LF);
}

/** Splits `name*3*` of RFC 2231 section 4.1. */
function pieceOf(name: string, value: Uint8Array): Piece {
  const star = name.indexOf("*");
  if (star <= 0) {
    return { base: name, section: undefined, extended: false, value };
  }
  const base = name.slice(0, star);
  const rest = name.slice(star + 1);
  if (rest === "") return { base, section: undefined, extended: true, value };
  const extended = rest.endsWith("*");
  const digits = extended ? rest.slice(0, -1) : rest;
  if (!/^\d{1,4}$/.test(digits)) {
    return { base: name, section: undefined, extended: false, value };
  }
  return { base, section: Number(digits), extended, value };
}

/** Joins sections 0, 1, 2... of each name; a gap ends the value. */
function joinContinued(pieces: readonly Piece[]): readonly Parameter[] {
  const sections = new Map<string, Map<number, Piece>>();
  for (const piece of pieces) {
    if (piece.section === undefined) continue;
    let own = sections.get(piece.base);
    if (own === undefined) sections.set(piece.base, own = new Map());
    if (!own.has(piece.section)) own.set(piece.section, piece);
  }
  const parameters: Parameter[] = [];
  for (const { base, section, extended, value } of pieces) {
    if (section === undefined) {
      parameters.push({ name: extended ? `${base}*` : base, value });
      continue;
    }
    const own = sections.get(base);
    if (own === undefined) continue;
    sections.delete(base);
    const joined = joinSections(base, own);
    if (joined !== undefined) parameters.push(joined);
  }
  return parameters;
}

function joinSections(
  base: string,
  sections: ReadonlyMap<number, Piece>,
): Parameter | undefined {
  const run: Piece[] = [];
  for (let i = 0;; i++) {
    const piece = sections.get(i);
    if (piece === undefined) break;
    run.push(piece);
  }
  const [first] = run;
  if (first === undefined) return undefined;
  if (!first.extended) {
    return { name: base, value: concatBytes(run.map((one) => one.value)) };
  }
  const value = concatBytes(
    run.map((one) => one.extended ? one.value : percentEncode(one.value)),
  );
  return { name: `${base}*`, value };
}

/** Plain sections between extended ones have to be escaped to be joined. */
function percentEncode(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (const byte of bytes) {
    if (isAttributeChar(byte)) out.push(byte);
    else {
      const hex = byte.toString(16).toUpperCase().padStart(2, "0");
      out.push(0x25, hex.charCodeAt(0), hex.charCodeAt(1));
    }
  }
  return Uint8Array.from(out);
}

/** Splits `charset'language'text`; `undefined` where the quotes are missing. */
export function splitExtended(value: Uint8Array):
  | { readonly charset: string; readonly text: Uint8Array }
  | undefined {
  const first = value.indexOf(QUOTE);
  if (first < 0) return undefined;
  const second = value.indexOf(QUOTE, first + 1);
  if (second < 0) return undefined;
  const charset = asciiLower(decodeLatin1(value, 0, first));
  return { charset, text: value.subarray(second + 1) };
}

/** Whether the name has a star: the value is extended. RFC 2231 section 4. */
export function isExtendedName(name: string): boolean {
  return name.charCodeAt(name.length - 1) === STAR;
}

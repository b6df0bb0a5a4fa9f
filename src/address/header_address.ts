/**
 * Address lists of header fields: From, To, Cc, Reply-To. RFC 5322 section 3.4
 * with groups, comments, routes and the obsolete forms of section 4.4; 8-bit
 * bytes are taken as they are (RFC 6532 and what came before it).
 *
 * Nothing is refused: whatever stands there becomes an address as well as it
 * can. Time is linear in the length of the field.
 */
import { isAtext } from "#src/bytes/char_class.ts";
import { concatBytes } from "#src/bytes/concat_bytes.ts";

const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const COLON = 0x3a;
const LT = 0x3c;
const GT = 0x3e;
const AT = 0x40;
const DQUOTE = 0x22;
const OPEN = 0x28;
const CLOSE = 0x29;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const DOT = 0x2e;
const SPACE = Uint8Array.of(0x20);

/** Addresses that are read of one field. */
export const MAX_ADDRESSES = 5_000;

/** Words and specials of one address that are looked at. */
const MAX_RUN = 500;

/** One mailbox. Bytes as they stand there, quotes and comments taken off. */
export interface HeaderMailbox {
  readonly kind: "mailbox";
  /** Display name, encoded words kept; a comment where there is no name. */
  readonly name: Uint8Array | undefined;
  /** Source route `@a,@b` (RFC 5322 section 4.4). */
  readonly adl: Uint8Array | undefined;
  /** Local part. */
  readonly mailbox: Uint8Array;
  /** Domain; empty where it is missing. */
  readonly host: Uint8Array;
}

/** `name:` begins a group. */
export interface GroupStart {
  readonly kind: "groupStart";
  readonly name: Uint8Array;
}

/** `;` ends it. */
export interface GroupEnd {
  readonly kind: "groupEnd";
}

/** What an address list consists of. */
export type HeaderAddress = HeaderMailbox | GroupStart | GroupEnd;

/** A lexical element. */
type Token =
  | { readonly kind: "word"; readonly text: Uint8Array }
  | { readonly kind: "quoted"; readonly text: Uint8Array }
  | { readonly kind: "comment"; readonly text: Uint8Array }
  | { readonly kind: "special"; readonly byte: number };

/** Reads a complete field body, folds included; at most 5,000 entries. */
export function parseAddressList(raw: Uint8Array): readonly HeaderAddress[] {
  const parser = new ListParser(raw);
  return parser.list();
}

class ListParser {
  readonly #bytes: Uint8Array;
  #at = 0;
  readonly #list: HeaderAddress[] = [];
  /** Elements since the last comma. */
  #run: Token[] = [];
  #inGroup = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  list(): readonly HeaderAddress[] {
    let angle = false;
    while (this.#list.length < MAX_ADDRESSES) {
      const token = this.#token();
      if (token === undefined) break;
      if (token.kind !== "special") {
        this.#add(token);
        continue;
      }
      const byte = token.byte;
      if (byte === LT) angle = true;
      if (byte === GT) angle = false;
      // A route has commas and a colon of its own.
      if (angle && (byte === COMMA || byte === COLON) && this.#isRoute()) {
        this.#add(token);
      } else if (byte === COMMA) {
        angle = false;
        this.#flush();
      } else if (byte === SEMICOLON) {
        angle = false;
        this.#flush();
        if (this.#inGroup) this.#endGroup();
      } else if (byte === COLON && !angle && !this.#inGroup) {
        this.#startGroup();
      } else {
        this.#add(token);
      }
    }
    if (this.#list.length < MAX_ADDRESSES) this.#flush();
    if (this.#inGroup) this.#endGroup();
    return this.#list;
  }

  /** What is too long for an address is cut. */
  #add(token: Token): void {
    if (this.#run.length < MAX_RUN) this.#run.push(token);
  }

  /** Whether `<` was followed by `@`. */
  #isRoute(): boolean {
    const open = this.#run.findIndex((token) => isSpecial(token, LT));
    const next = this.#run[open + 1];
    return next !== undefined && isSpecial(next, AT);
  }

  #startGroup(): void {
    const name = phrase(this.#run) ?? new Uint8Array(0);
    this.#run = [];
    this.#inGroup = true;
    this.#list.push({ kind: "groupStart", name });
  }

  #endGroup(): void {
    this.#inGroup = false;
    this.#list.push({ kind: "groupEnd" });
  }

  /** Makes an address of what was collected. */
  #flush(): void {
    const run = this.#run;
    if (run.length === 0) return;
    this.#run = [];
    const mailbox = mailboxOf(run);
    if (mailbox !== undefined) this.#list.push(mailbox);
  }

  #token(): Token | undefined {
    const bytes = this.#bytes;
    for (;;) {
      const byte = bytes[this.#at];
      if (byte === undefined) return undefined;
      if (isWordByte(byte)) return this.#word();
      switch (byte) {
        case DQUOTE:
          return { kind: "quoted", text: this.#enclosed(DQUOTE) };
        case BRACKET:
          return { kind: "word", text: this.#literal() };
        case OPEN:
          return { kind: "comment", text: this.#comment() };
        case COMMA:
        case SEMICOLON:
        case COLON:
        case LT:
        case GT:
        case AT:
          this.#at++;
          return { kind: "special", byte };
      }
      // White space, folds, control characters and stray specials.
      this.#at++;
    }
  }

  /** Atoms with dots; `@` ends it. */
  #word(): Token {
    const start = this.#at;
    const bytes = this.#bytes;
    while (isWordByte(bytes[this.#at])) this.#at++;
    return { kind: "word", text: bytes.subarray(start, this.#at) };
  }

  /** Inside of a quoted string, escapes and folds taken out. */
  #enclosed(end: number): Uint8Array {
    const bytes = this.#bytes;
    const start = ++this.#at;
    let isPlain = true;
    while (this.#at < bytes.length && bytes[this.#at] !== end) {
      const byte = bytes[this.#at] ?? 0;
      if (byte === BACKSLASH) this.#at++;
      if (byte === BACKSLASH || byte === 0x0d || byte === 0x0a) isPlain = false;
      this.#at++;
    }
    const stop = Math.min(this.#at++, bytes.length);
    const inside = bytes.subarray(start, stop);
    return isPlain ? inside : unescape(inside);
  }

  /** A domain literal with its brackets. */
  #literal(): Uint8Array {
    const start = this.#at;
    const end = this.#bytes.indexOf(BRACKET_END, start);
    this.#at = end < 0 ? this.#bytes.length : end + 1;
    return this.#bytes.subarray(start, this.#at);
  }

  /** Inside of the outermost comment. */
  #comment(): Uint8Array {
    const bytes = this.#bytes;
    const start = this.#at + 1;
    let depth = 0;
    let stop = bytes.length;
    for (; this.#at < bytes.length; this.#at++) {
      const byte = bytes[this.#at];
      if (byte === BACKSLASH) this.#at++;
      else if (byte === OPEN) depth++;
      else if (byte === CLOSE && --depth === 0) {
        stop = this.#at++;
        break;
      }
    }
    return unescape(bytes.subarray(start, stop));
  }
}

/** `atext`, dots, 8-bit; also backslashes, which some names have. */
function isWordByte(byte: number | undefined): boolean {
  return byte !== undefined &&
    (isAtext(byte) || byte === DOT || byte >= 0x80 || byte === BACKSLASH ||
      byte === BRACKET_END);
}

function isSpecial(token: Token, byte: number): boolean {
  return token.kind === "special" && token.byte === byte;
}

function unescape(raw: Uint8Array): Uint8Array {
  const out = new Uint8Array(raw.length);
  let length = 0;
  for (let i = 0; i < raw.length; i++) {
    let byte = raw[i] ?? 0;
    if (byte === BACKSLASH && i + 1 < raw.length) byte = raw[++i] ?? 0;
    if (byte !== 0x0d && byte !== 0x0a) out[length++] = byte;
  }
  return out.subarray(0, length);
}

/** The mailbox that the elements between two commas write. */
function mailboxOf(run: readonly Token[]): HeaderMailbox | undefined {
  const open = run.findIndex((token) => isSpecial(token, LT));
  if (open >= 0) {
    const close = run.findIndex((token, i) => i > open && isSpecial(token, GT));
    const inside = run.slice(open + 1, close < 0 ? run.length : close);
    const name = phrase(run.slice(0, open)) ??
      lastComment(run);
    return { kind: "mailbox", name, ...addrSpec(inside) };
  }
  if (run.some((token) => isSpecial(token, AT))) {
    return { kind: "mailbox", name: lastComment(run), ...addrSpec(run) };
  }
  const mailbox = phrase(run);
  if (mailbox === undefined) return undefined;
  return {
    kind: "mailbox",
    name: lastComment(run),
    adl: undefined,
    mailbox,
    host: new Uint8Array(0),
  };
}

/** `[@route:]local@domain`. */
function addrSpec(
  run: readonly Token[],
): Pick<HeaderMailbox, "adl" | "mailbox" | "host"> {
  let spec = run;
  let adl: Uint8Array | undefined;
  const colon = run.findIndex((token) => isSpecial(token, COLON));
  const [first] = run;
  if (colon > 0 && first !== undefined && isSpecial(first, AT)) {
    adl = joined(run.slice(0, colon));
    spec = run.slice(colon + 1);
  }
  let at = -1;
  for (let i = spec.length - 1; i >= 0 && at < 0; i--) {
    const token = spec[i];
    if (token !== undefined && isSpecial(token, AT)) at = i;
  }
  if (at < 0) {
    return { adl, mailbox: joined(spec), host: new Uint8Array(0) };
  }
  return {
    adl,
    mailbox: joined(spec.slice(0, at)),
    host: joined(spec.slice(at + 1)),
  };
}

/** The elements without anything between them; comments left out. */
function joined(run: readonly Token[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const token of run) {
    if (token.kind === "special") parts.push(Uint8Array.of(token.byte));
    else if (token.kind !== "comment") parts.push(token.text);
  }
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : concatBytes(parts);
}

/** The elements as a phrase with single spaces; `undefined` for none. */
function phrase(run: readonly Token[]): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (const token of run) {
    if (token.kind === "comment") continue;
    if (parts.length > 0) parts.push(SPACE);
    parts.push(
      token.kind === "special" ? Uint8Array.of(token.byte) : token.text,
    );
  }
  if (parts.length === 0) return undefined;
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : concatBytes(parts);
}

/** RFC 5322 section 3.4: older programs write the name as a comment. */
function lastComment(run: readonly Token[]): Uint8Array | undefined {
  for (let i = run.length - 1; i >= 0; i--) {
    const token = run[i];
    if (token?.kind === "comment" && token.text.length > 0) return token.text;
  }
  return undefined;
}

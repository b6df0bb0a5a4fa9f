/**
 * Grammar elements over the bytes of one complete command, literals included.
 * RFC 9051 section 9. Synchronous and pure: framing has already found where the
 * command ends, so a mistake here cannot put the stream out of step.
 *
 * Two families: `atom()` says that it must be one and throws `WireSyntaxError`,
 * `tryAtom()` gives `undefined` and moves nothing.
 */
import { WireSyntaxError } from "#src/errors/errors.ts";
import { MAX_NESTING } from "#src/imap/limits.ts";
import {
  asciiText,
  isAstringChar,
  isAtomChar,
  isDigit,
  isListChar,
  isTagChar,
  lowerAscii,
  upperAscii,
} from "./ascii.ts";

const SP = 0x20;
const CR = 0x0d;
const LF = 0x0a;
const DQUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x28;
const CLOSE = 0x29;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const PLUS = 0x2b;
const TILDE = 0x7e;

/** Largest value of `number` and `nz-number`. */
const MAX_NUMBER = 4_294_967_295;

/** Largest value of `number64`, and how many digits that has. */
const MAX_NUMBER64 = 2n ** 63n - 1n;
const MAX_DIGITS64 = 19;

/** Reads one command. The bytes are views: copy what outlives the command. */
export class Cursor {
  readonly bytes: Uint8Array;
  #at = 0;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Offset of the next byte. */
  get offset(): number {
    return this.#at;
  }

  /** The next byte; `undefined` at the end. */
  peek(ahead = 0): number | undefined {
    return this.bytes[this.#at + ahead];
  }

  /** Whether everything is read. */
  get atEnd(): boolean {
    return this.#at >= this.bytes.length;
  }

  /** Throws for the byte at hand. */
  fail(expected: string): never {
    throw new WireSyntaxError(this.#at, expected);
  }

  /** The command must end here. */
  end(): void {
    if (!this.atEnd) this.fail("end of command");
  }

  /** One space. */
  sp(): void {
    if (!this.tryByte(SP)) this.fail("SP");
  }

  /** Takes one space if there is one. */
  trySp(): boolean {
    return this.tryByte(SP);
  }

  /** Exactly this byte. */
  byte(byte: number): void {
    if (!this.tryByte(byte)) this.fail(`"${String.fromCharCode(byte)}"`);
  }

  /** Takes the byte if it is next. */
  tryByte(byte: number): boolean {
    if (this.bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  /** The tag of a command. */
  tag(): string {
    return this.#run(isTagChar) ?? this.fail("tag");
  }

  /** An atom as written. */
  atom(): string {
    return this.tryAtom() ?? this.fail("atom");
  }

  tryAtom(): string | undefined {
    return this.#run(isAtomChar);
  }

  /** An atom in upper case: a word of the grammar. */
  word(expected = "word"): string {
    return upperAscii(this.tryAtom() ?? this.fail(expected));
  }

  /** Takes the atom `word` (upper case) if it is next. */
  tryWord(word: string): boolean {
    const from = this.#at;
    const atom = this.tryAtom();
    if (atom !== undefined && upperAscii(atom) === word) return true;
    this.#at = from;
    return false;
  }

  /** Letters only, in upper case: for words that a `[` or `.` may follow. */
  tryLetters(): string | undefined {
    const letters = this.#run(isLetter);
    return letters === undefined ? undefined : upperAscii(letters);
  }

  /** 0 to 2^32-1. */
  number(): number {
    return this.#digits(MAX_NUMBER) ?? this.fail("number");
  }

  /** 1 to 2^32-1. */
  nzNumber(): number {
    if (this.peek() === 0x30) this.fail("number above 0");
    return this.#digits(MAX_NUMBER) ?? this.fail("number above 0");
  }

  /**
   * 0 to 2^63-1. What is above 2^53-1 comes as that: no mod-sequence and no size
   * here gets there, so they compare alike.
   */
  number64(): number {
    const from = this.#at;
    let at = from;
    while (isDigit(this.bytes[at])) at++;
    if (at === from) this.fail("number");
    const digits = asciiText(this.bytes, from, at);
    if (digits.length > MAX_DIGITS64 || BigInt(digits) > MAX_NUMBER64) {
      this.fail(`number up to ${MAX_NUMBER64}`);
    }
    this.#at = at;
    return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
  }

  /** Exactly `count` digits as a number. */
  fixedDigits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const byte = this.peek();
      if (byte === undefined || !isDigit(byte)) this.fail(`${count} digits`);
      value = value * 10 + (byte - 0x30);
      this.#at++;
    }
    return value;
  }

  /** atom, quoted or literal. */
  astring(): Uint8Array {
    const from = this.#at;
    while (isAstringChar(this.bytes[this.#at])) this.#at++;
    if (this.#at > from) return this.bytes.subarray(from, this.#at);
    return this.tryString() ?? this.fail("astring");
  }

  /** list-mailbox: as astring, but the wildcards may stand in an atom. */
  listMailbox(): Uint8Array {
    const from = this.#at;
    while (isListChar(this.bytes[this.#at])) this.#at++;
    if (this.#at > from) return this.bytes.subarray(from, this.#at);
    return this.tryString() ?? this.fail("mailbox pattern");
  }

  /** quoted or literal. */
  string(): Uint8Array {
    return this.tryString() ?? this.fail("string");
  }

  tryString(): Uint8Array | undefined {
    const byte = this.peek();
    if (byte === DQUOTE) return this.#quoted();
    if (byte === BRACE) return this.#literal();
    if (byte === TILDE && this.peek(1) === BRACE) {
      this.#at++;
      return this.#literal();
    }
    return undefined;
  }

  /** string or NIL (`undefined`). */
  nstring(): Uint8Array | undefined {
    if (this.tryWord("NIL")) return undefined;
    return this.string();
  }

  /**
   * `( item item ... )` with at least one item. Nesting beyond the limit is a
   * syntax error.
   */
  list(item: () => void): void {
    this.byte(OPEN);
    this.enter();
    do item(); while (this.trySp());
    this.byte(CLOSE);
    this.leave();
  }

  /** As `list`, and `()` is one too. */
  listOrEmpty(item: () => void): void {
    if (this.peek() === OPEN && this.peek(1) === CLOSE) this.#at += 2;
    else this.list(item);
  }

  /** Whether a list begins here. */
  get atList(): boolean {
    return this.peek() === OPEN;
  }

  /** Counts one level of nesting. */
  enter(): void {
    if (++this.#depth > MAX_NESTING) this.fail("less nesting");
  }

  /** Ends one level of nesting. */
  leave(): void {
    this.#depth--;
  }

  /** Bytes from an earlier offset to here, as ASCII text. */
  textFrom(offset: number): string {
    return asciiText(this.bytes, offset, this.#at);
  }

  #run(isMember: (byte: number | undefined) => boolean): string | undefined {
    const from = this.#at;
    let at = from;
    while (isMember(this.bytes[at])) at++;
    if (at === from) return undefined;
    this.#at = at;
    return asciiText(this.bytes, from, at);
  }

  #digits(max: number): number | undefined {
    const from = this.#at;
    let value = 0;
    let at = from;
    while (isDigit(this.bytes[at])) {
      value = value * 10 + ((this.bytes[at] ?? 0) - 0x30);
      if (value > max) this.fail(`number up to ${max}`);
      at++;
    }
    if (at === from) return undefined;
    this.#at = at;
    return value;
  }

  #quoted(): Uint8Array {
    const bytes = this.bytes;
    const from = this.#at + 1;
    let at = from;
    let escapes = 0;
    while (true) {
      const byte = bytes[at];
      if (byte === DQUOTE) break;
      if (byte === undefined || byte === CR || byte === LF || byte === 0) {
        this.#at = Math.min(at, bytes.length);
        this.fail("end of quoted string");
      }
      if (byte === BACKSLASH) {
        const next = bytes[at + 1];
        if (next !== DQUOTE && next !== BACKSLASH) {
          this.#at = at;
          this.fail("quoted special");
        }
        escapes++;
        at++;
      }
      at++;
    }
    this.#at = at + 1;
    if (escapes === 0) return bytes.subarray(from, at);
    return unescape(bytes, from, at, escapes);
  }

  #literal(): Uint8Array {
    const from = this.#at;
    this.byte(BRACE);
    const size = this.number64();
    this.tryByte(PLUS);
    this.byte(BRACE_END);
    this.tryByte(CR);
    this.byte(LF);
    const end = this.#at + size;
    if (end > this.bytes.length) {
      this.#at = from;
      this.fail("whole literal");
    }
    const view = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return view;
  }
}

function isLetter(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

function unescape(
  bytes: Uint8Array,
  from: number,
  end: number,
  escapes: number,
): Uint8Array {
  const plain = new Uint8Array(end - from - escapes);
  let to = 0;
  for (let i = from; i < end; i++) {
    if (bytes[i] === BACKSLASH) i++;
    plain[to++] = bytes[i] ?? 0;
  }
  return plain;
}

/** Text of an `astring` that must be ASCII, in lower case (field names). */
export function lowerAsciiOf(bytes: Uint8Array): string {
  return lowerAscii(asciiText(bytes));
}

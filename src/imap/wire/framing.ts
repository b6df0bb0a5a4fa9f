/**
 * Framing: from a byte stream to complete commands. RFC 9051 section 2.2.1 and
 * 4.3, RFC 7888. Knows lines, literals, limits and deadlines; knows no grammar,
 * so that a mistake in a command never puts the stream out of step.
 *
 * A command comes as one run of bytes without its last line break, literals in
 * place (`{5}CRLF` and the five bytes). Commands whose literals may be long
 * (APPEND) are handed over at their first message literal instead.
 */
import { joinBytes } from "#src/bytes/join_bytes.ts";
import type { Connection } from "#src/net/connection.ts";
import { LimitError } from "#src/errors/errors.ts";
import { ConnectionClosed } from "#src/net/connection_errors.ts";
import {
  COMMAND_TIMEOUT_MS,
  MAX_COMMAND_BYTES,
  MAX_COMMAND_BYTES_BEFORE_LOGIN,
  MAX_LINE_BYTES,
  MAX_LITERAL_BYTES,
  MAX_LITERALS,
} from "#src/imap/limits.ts";
import { asciiText, isDigit, isTagChar, upperAscii } from "./ascii.ts";

const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const PLUS = 0x2b;
const TILDE = 0x7e;
const CRLF = new Uint8Array([CR, LF]);

/** A literal that has been announced and not been read. */
export interface PendingLiteral {
  readonly size: number;
  /** The client waits for `+`. RFC 7888 section 3. */
  readonly synchronising: boolean;
  /** `~{n}` of RFC 3516. */
  readonly binary: boolean;
}

/** One command. */
export interface ReceivedCommand {
  /** Complete, or up to and including the announcement of `pending`. */
  readonly bytes: Uint8Array;
  readonly pending: PendingLiteral | undefined;
}

/** A literal that is refused; `command` is what came before it. */
export class LiteralRefused extends LimitError {
  readonly command: Uint8Array;
  readonly literal: PendingLiteral;

  constructor(
    limit: string,
    allowed: number,
    command: Uint8Array,
    literal: PendingLiteral,
  ) {
    super(limit, allowed);
    this.command = command;
    this.literal = literal;
  }
}

/** A line that goes on beyond the limit: where the next begins is not known. */
export class LineTooLong extends LimitError {}

/** What the reader needs of its owner. */
export interface FramingHooks {
  /** Called before every wait for the peer: sends what is to be sent. */
  beforeWait(): Promise<void>;
  /** Sends the continuation that a synchronising literal waits for. */
  sendContinuation(): Promise<void>;
  /** How long to wait of what is asked for; may throw where it is over. */
  patience(timeoutMs: number): number;
  /**
   * Of the command named so (upper case, without UID): the number of arguments
   * before a message. Literals behind them are left unread.
   */
  messageAfter(name: string): number | undefined;
}

/** Reads commands from a connection. One call at a time. */
export class CommandReader {
  /** Set after login: the bounds become those of a known user. */
  loggedIn = false;
  readonly #hooks: FramingHooks;
  #connection: Connection;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(connection: Connection, hooks: FramingHooks) {
    this.#connection = connection;
    this.#hooks = hooks;
  }

  /** Reads from another connection from now on; nothing may lie here. */
  useConnection(connection: Connection): void {
    this.#connection = connection;
  }

  /** Whether bytes lie here that nobody has asked for yet. */
  get hasBuffered(): boolean {
    return this.#chunk.length > 0;
  }

  /**
   * The next command; `undefined` at the end of the connection. Waits
   * `timeoutMs` for its first byte. `LineTooLong` for a line (the stream is then
   * lost), `LiteralRefused` for a literal.
   */
  async next(timeoutMs: number): Promise<ReceivedCommand | undefined> {
    const line = await this.line(timeoutMs);
    if (line === undefined) return undefined;
    const pending = announcedLiteral(line);
    if (pending === undefined) return { bytes: line, pending: undefined };
    return await this.#gather(line, pending);
  }

  /**
   * One line without its line break; `undefined` at the end. A lone LF ends a
   * line too, for people who type.
   */
  async line(
    timeoutMs: number,
    max: number = this.#maxCommand(),
  ): Promise<Uint8Array | undefined> {
    const bound = Math.min(max, MAX_LINE_BYTES);
    let held: Uint8Array[] | undefined;
    let size = 0;
    while (true) {
      const lf = this.#chunk.indexOf(LF);
      if (lf >= 0) {
        const part = this.#chunk.subarray(0, lf);
        this.#chunk = this.#chunk.subarray(lf + 1);
        if (size + lf > bound) throw new LineTooLong("line", bound);
        if (held === undefined) return withoutCr(part);
        held.push(part);
        return withoutCr(joinBytes(held));
      }
      size += this.#chunk.length;
      if (size > bound) throw new LineTooLong("line", bound);
      if (this.#chunk.length > 0) (held ??= []).push(this.#chunk);
      const more = await this.#read(
        size === 0 ? timeoutMs : COMMAND_TIMEOUT_MS,
      );
      if (more === undefined) return undefined;
      this.#chunk = more;
    }
  }

  /**
   * The bytes of a pending literal in chunks. The caller has let the client
   * send it, and reads to the end.
   */
  async *literal(size: number): AsyncGenerator<Uint8Array, void> {
    let missing = size;
    while (missing > 0) {
      if (this.#chunk.length === 0) {
        const more = await this.#read(COMMAND_TIMEOUT_MS);
        if (more === undefined) {
          throw new ConnectionClosed("The client is gone");
        }
        this.#chunk = more;
      }
      const part = this.#chunk.subarray(0, missing);
      this.#chunk = this.#chunk.subarray(part.length);
      missing -= part.length;
      yield part;
    }
  }

  /** A pending literal as one run of bytes that belongs to the caller. */
  async literalBytes(size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    let at = 0;
    for await (const part of this.literal(size)) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** Lets the client send a pending literal. */
  async accept(literal: PendingLiteral): Promise<void> {
    if (literal.synchronising) await this.#hooks.sendContinuation();
  }

  #maxCommand(): number {
    return this.loggedIn ? MAX_COMMAND_BYTES : MAX_COMMAND_BYTES_BEFORE_LOGIN;
  }

  async #read(timeoutMs: number): Promise<Uint8Array | undefined> {
    await this.#hooks.beforeWait();
    return await this.#connection.read(this.#hooks.patience(timeoutMs), {
      staysOpen: true,
    });
  }

  /** Reads literals and lines up to the end of the command. */
  async #gather(
    first: Uint8Array,
    announced: PendingLiteral,
  ): Promise<ReceivedCommand | undefined> {
    const { name, argument } = literalPlace(first);
    const messageAfter = this.#hooks.messageAfter(name);
    const parts: Uint8Array[] = [first];
    let size = first.length;
    let literals = 0;
    let pending: PendingLiteral | undefined = announced;
    while (pending !== undefined) {
      const isArgument = parts.length === 1 &&
        argument <= (messageAfter ?? 0);
      if (messageAfter !== undefined && !isArgument) {
        return { bytes: joinBytes(parts), pending };
      }
      size += pending.size;
      this.#checkLiteral(pending, size, ++literals, parts);
      await this.accept(pending);
      parts.push(CRLF, await this.literalBytes(pending.size));
      const line = await this.line(COMMAND_TIMEOUT_MS);
      if (line === undefined) return undefined;
      parts.push(line);
      size += line.length;
      if (size > this.#maxCommand()) {
        throw new LimitError("command", this.#maxCommand());
      }
      pending = announcedLiteral(line);
    }
    return { bytes: joinBytes(parts), pending: undefined };
  }

  #checkLiteral(
    literal: PendingLiteral,
    commandBytes: number,
    count: number,
    parts: readonly Uint8Array[],
  ): void {
    const refuse = (limit: string, allowed: number): never => {
      throw new LiteralRefused(limit, allowed, joinBytes(parts), literal);
    };
    if (literal.size > MAX_LITERAL_BYTES) refuse("literal", MAX_LITERAL_BYTES);
    if (commandBytes > this.#maxCommand()) {
      refuse("command", this.#maxCommand());
    }
    if (count > MAX_LITERALS) refuse("literals", MAX_LITERALS);
  }
}

/**
 * The literal that a line announces with its last characters: `{5}`, `{5+}`,
 * `~{5}`. A number beyond 2^53 counts as the largest.
 */
export function announcedLiteral(
  line: Uint8Array,
): PendingLiteral | undefined {
  let at = line.length - 1;
  if (line[at] !== BRACE_END) return undefined;
  at--;
  const synchronising = line[at] !== PLUS;
  if (!synchronising) at--;
  const last = at;
  while (isDigit(line[at])) at--;
  if (at === last || line[at] !== BRACE) return undefined;
  const size = digitsValue(line, at + 1, last + 1);
  return { size, synchronising, binary: line[at - 1] === TILDE };
}

function digitsValue(line: Uint8Array, from: number, end: number): number {
  let value = 0;
  for (let i = from; i < end; i++) value = value * 10 + (line[i] ?? 0) - 0x30;
  return Math.min(value, Number.MAX_SAFE_INTEGER);
}

/** Offset after the tag and its space; -1 where there is no tag. */
function afterTag(line: Uint8Array): number {
  let at = 0;
  while (isTagChar(line[at])) at++;
  return at > 0 && line[at] === SP ? at + 1 : -1;
}

/**
 * The command of a line that ends with a literal (upper case, without UID;
 * empty where there is none), and the number of the argument that the literal
 * is, counted by spaces: more than that where one stands in a quoted string.
 */
export function literalPlace(
  line: Uint8Array,
): { readonly name: string; readonly argument: number } {
  let from = afterTag(line);
  if (from < 0) return { name: "", argument: 0 };
  let name = wordAt(line, from);
  from += name.length;
  if (name === "UID" && line[from] === SP) {
    name = wordAt(line, from + 1);
    from += 1 + name.length;
  }
  let argument = 0;
  for (let at = from; at < line.length; at++) if (line[at] === SP) argument++;
  return { name, argument };
}

/** Up to the next space, in upper case. */
function wordAt(line: Uint8Array, from: number): string {
  const space = line.indexOf(SP, from);
  return upperAscii(asciiText(line, from, space < 0 ? line.length : space));
}

function withoutCr(line: Uint8Array): Uint8Array {
  return line[line.length - 1] === CR ? line.subarray(0, -1) : line;
}

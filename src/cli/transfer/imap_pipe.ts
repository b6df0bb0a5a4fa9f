/**
 * A small IMAP client for our own server: what importing and exporting need,
 * over any `Connection`. RFC 9051. It knows how this server writes its
 * answers; other servers are spoken to by `imapflow`.
 */
import { formatDateTime } from "#src/imap/wire/date_time.ts";
import { encodeUtf7 } from "#src/imap/wire/utf7.ts";
import type { Connection } from "#src/net/connection.ts";
import { CliError } from "../exit_code.ts";

/** A command that takes longer is broken: a large import commits in seconds. */
const ANSWER_TIMEOUT_MS = 10 * 60_000;
const LF = 0x0a;

/** One untagged response; `{n}` stands where each literal was. */
export interface Untagged {
  readonly text: string;
  readonly literals: readonly Uint8Array[];
}

/** A message to be stored. */
export interface PipedMessage {
  readonly flags: readonly string[];
  readonly date: Date | undefined;
  readonly bytes: Uint8Array;
}

/** The server said NO or BAD. */
export class CommandRefused extends CliError {}

/** The client's end of a session that is logged in already. */
export class ImapPipe {
  readonly #connection: Connection;
  #buffer: Uint8Array = new Uint8Array(0);
  #tags = 0;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Reads the greeting. */
  static async open(connection: Connection): Promise<ImapPipe> {
    const pipe = new ImapPipe(connection);
    const greeting = await pipe.#line();
    if (greeting.startsWith("* PREAUTH")) return pipe;
    throw new CliError(`The server does not let us in: ${greeting}`);
  }

  /**
   * Runs a command; gives its untagged responses, or hands each to `take` as
   * it comes. The text of the tagged OK comes last, as `OK ...`.
   */
  async command(
    text: string,
    take?: (response: Untagged) => Promise<void> | void,
  ): Promise<readonly Untagged[]> {
    const tag = this.#nextTag();
    await this.#write(`${tag} ${text}\r\n`);
    return await this.#finish(tag, take);
  }

  /** Stores messages, all or none, in their order. RFC 3502. */
  async append(
    mailbox: string,
    messages: readonly PipedMessage[],
  ): Promise<void> {
    const tag = this.#nextTag();
    await this.#write(`${tag} APPEND ${quoteMailbox(mailbox)}`);
    for (const { flags, date, bytes } of messages) {
      const when = date === undefined
        ? ""
        : `${formatDateTime(date.getTime())} `;
      const size = `{${bytes.length}+}\r\n`;
      await this.#write(` (${flags.join(" ")}) ${when}${size}`);
      await this.#connection.write(bytes);
    }
    await this.#write("\r\n");
    await this.#finish(tag);
  }

  /** Ends the session in order. */
  async logout(): Promise<void> {
    await this.command("LOGOUT");
  }

  #nextTag(): string {
    return `p${++this.#tags}`;
  }

  async #finish(
    tag: string,
    take?: (response: Untagged) => Promise<void> | void,
  ): Promise<readonly Untagged[]> {
    const all: Untagged[] = [];
    for (;;) {
      const response = await this.#response();
      if (!response.text.startsWith(`${tag} `)) {
        if (take === undefined) all.push(response);
        else await take(response);
        continue;
      }
      const answer = response.text.slice(tag.length + 1);
      if (!answer.startsWith("OK ")) throw new CommandRefused(answer);
      return [...all, { text: answer, literals: [] }];
    }
  }

  async #response(): Promise<Untagged> {
    let text = "";
    const literals: Uint8Array[] = [];
    for (;;) {
      text += await this.#line();
      const size = /~?\{([0-9]+)\}$/.exec(text)?.[1];
      if (size === undefined) return { text, literals };
      literals.push(await this.#bytes(Number(size)));
    }
  }

  async #line(): Promise<string> {
    let from = 0;
    for (;;) {
      const end = this.#buffer.indexOf(LF, from);
      if (end >= 0) {
        const line = new TextDecoder().decode(this.#buffer.subarray(0, end));
        this.#buffer = this.#buffer.subarray(end + 1);
        return line.replace(/\r$/, "");
      }
      from = this.#buffer.length;
      this.#buffer = join(this.#buffer, await this.#read());
    }
  }

  async #bytes(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      if (this.#buffer.length === 0) this.#buffer = await this.#read();
      const part = this.#buffer.subarray(0, count - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.#buffer = this.#buffer.subarray(part.length);
    }
    return bytes;
  }

  async #read(): Promise<Uint8Array> {
    const chunk = await this.#connection.read(ANSWER_TIMEOUT_MS);
    if (chunk !== undefined) return chunk;
    throw new CliError("The server ended the session");
  }

  #write(text: string): Promise<void> {
    return this.#connection.write(new TextEncoder().encode(text));
  }
}

/** A mailbox name as a quoted string of modified UTF-7. */
export function quoteMailbox(name: string): string {
  return `"${encodeUtf7(name).replaceAll(/["\\]/g, "\\$&")}"`;
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

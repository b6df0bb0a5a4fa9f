/**
 * The messages of APPEND and REPLACE: heads, literals, and messages put together
 * by CATENATE. RFC 9051 section 6.3.12, RFC 3502, RFC 3516 section 4.4, RFC
 * 4469, RFC 6855 section 4.
 *
 * A command comes piece by piece here: each literal ends a line of it, and the
 * cursor always stands in the line at hand.
 */
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import { type AppendLiterals, messageOf } from "./append_literals.ts";
import type { NewMessage } from "./backend.ts";
import { openUrl } from "./catenate_url.ts";
import { ImapError } from "./errors.ts";
import {
  APPEND_MEMORY_BYTES,
  MAX_APPEND_MESSAGES,
  MAX_CATENATE_PARTS,
  MAX_URL_BYTES,
} from "./limits.ts";
import type { SpooledMessage } from "./message_spool.ts";
import { withoutNul } from "./nul_content.ts";
import type { Session } from "./session.ts";
import { asciiText } from "./wire/ascii.ts";
import { Cursor } from "./wire/cursor.ts";
import { parseDateTime } from "./wire/date_time.ts";
import { parseFlagList } from "./wire/flag_grammar.ts";

const DQUOTE = 0x22;
const OPEN = 0x28;
const CLOSE = 0x29;
const BRACE = 0x7b;
const PLUS = 0x2b;
const TILDE = 0x7e;
const BRACE_END = 0x7d;

/** How the bytes of a message come. */
type Source = "literal" | "utf8" | "catenate";

/** What stands before a message. */
export interface MessageHead {
  readonly flags: readonly string[];
  /** `undefined`: now. */
  readonly internalDate: number | undefined;
  readonly source: Source;
}

/** Reads `(flags) "date" ` and how the message comes. */
export function parseMessageHead(
  cursor: Cursor,
  { utf8 }: { readonly utf8: boolean },
): MessageHead {
  let flags: readonly string[] = [];
  let internalDate: number | undefined;
  if (cursor.atList) {
    flags = parseFlagList(cursor);
    cursor.sp();
  }
  if (cursor.peek() === DQUOTE) {
    internalDate = parseDateTime(cursor);
    cursor.sp();
  }
  let source: Source = "literal";
  if (cursor.tryWord("CATENATE")) source = "catenate";
  // RFC 6855 section 4: only where the client has enabled that.
  else if (utf8 && cursor.tryWord("UTF8")) source = "utf8";
  if (source !== "literal") {
    cursor.sp();
    cursor.byte(OPEN);
  }
  if (source !== "catenate") {
    const size = parseAnnouncement(cursor);
    // RFC 3502: a message of no bytes cancels the whole command.
    if (size === 0) throw new ImapError("NO", "An empty message cancels");
  }
  return { flags, internalDate, source };
}

/** `~{12+}` at the end of a line; gives the number. */
function parseAnnouncement(cursor: Cursor): number {
  cursor.tryByte(TILDE);
  cursor.byte(BRACE);
  const size = cursor.number64();
  cursor.tryByte(PLUS);
  cursor.byte(BRACE_END);
  cursor.end();
  return size;
}

/** Reads the messages of one command. */
export class AppendReader {
  readonly #session: Session;
  readonly #literals: AppendLiterals;
  readonly #limitBytes: number;
  #cursor: Cursor;

  /** `cursor` stands behind the first head. */
  constructor(
    session: Session,
    literals: AppendLiterals,
    { limitBytes, cursor }: {
      readonly limitBytes: number;
      readonly cursor: Cursor;
    },
  ) {
    this.#session = session;
    this.#literals = literals;
    this.#limitBytes = limitBytes;
    this.#cursor = cursor;
  }

  /** All messages up to the end of the command; `most` bounds them. */
  async readAll(
    first: MessageHead,
    most: number = MAX_APPEND_MESSAGES,
  ): Promise<NewMessage[]> {
    const messages: NewMessage[] = [];
    let head: MessageHead | undefined = first;
    while (head !== undefined) {
      if (messages.length >= most) {
        throw new ImapError("NO", "Too many messages at once", "LIMIT");
      }
      messages.push(await this.#message(head));
      head = this.#nextHead();
    }
    return messages;
  }

  #nextHead(): MessageHead | undefined {
    const cursor = this.#cursor;
    if (cursor.atEnd) return undefined;
    cursor.sp();
    return parseMessageHead(cursor, this.#session);
  }

  async #message(head: MessageHead): Promise<NewMessage> {
    if (head.source === "catenate") {
      const message = await this.#catenate();
      return await this.#store(message, head, { mayHaveNul: true });
    }
    const isBinary = this.#literals.pending?.binary === true;
    if (head.source === "utf8" && !isBinary) this.#cursor.fail("literal8");
    const message = await this.#take(this.#limitBytes);
    const stored = await this.#store(message, head, {
      mayHaveNul: isBinary,
    });
    await this.#nextLine();
    if (head.source === "utf8") this.#cursor.byte(CLOSE);
    return stored;
  }

  /** `NO [TOOBIG]` before a byte is read. */
  async #take(limitBytes: number): Promise<SpooledMessage> {
    const { pending } = this.#literals;
    if (pending === undefined) throw new ImapError("BAD", "Expected a message");
    if (pending.size > limitBytes) throw tooBig();
    return await this.#literals.take();
  }

  async #nextLine(): Promise<void> {
    this.#cursor = new Cursor(await this.#literals.nextLine());
  }

  async #store(
    message: SpooledMessage,
    head: MessageHead,
    { mayHaveNul }: { readonly mayHaveNul: boolean },
  ): Promise<NewMessage> {
    const { clock, summarize } = this.#session.services;
    let { header, body } = message;
    let summary = await summarize(new HeaderBlock(header), body);
    if (mayHaveNul) {
      const clean = await withoutNul(header, body, summary.structure);
      if (clean !== undefined) {
        ({ header, body } = clean);
        if (header.length + body.size > this.#limitBytes) throw tooBig();
        summary = await summarize(new HeaderBlock(header), body);
      }
    }
    return {
      flags: head.flags,
      internalDate: head.internalDate ?? clock.now(),
      header,
      body: body.bytes ?? body.open(),
      bodySize: body.size,
      summary,
    };
  }

  /** `URL "..." TEXT {5} ...)`: the parts one after the other. RFC 4469. */
  async #catenate(): Promise<SpooledMessage> {
    const parts: Piece[] = [];
    let total = 0;
    do {
      if (parts.length >= MAX_CATENATE_PARTS) {
        throw new ImapError("NO", "Too many parts", "LIMIT");
      }
      const part = await this.#part(this.#limitBytes - total);
      total += part.size;
      if (total > this.#limitBytes) throw tooBig();
      parts.push(part);
    } while (this.#cursor.trySp());
    this.#cursor.byte(CLOSE);
    if (total === 0) throw new ImapError("NO", "An empty message cancels");
    if (total > APPEND_MEMORY_BYTES) {
      return this.#literals.keep(
        await this.#session.services.spool.take(chunksOf(parts), total),
      );
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of chunksOf(parts)) chunks.push(chunk);
    return messageOf(concatBytes(chunks));
  }

  async #part(limitBytes: number): Promise<Piece> {
    const word = this.#cursor.word("URL or TEXT");
    this.#cursor.sp();
    if (word === "URL") {
      return await openUrl(this.#session, await this.#url());
    }
    // RFC 6855 section 4: a part of UTF-8 where the client has enabled that.
    const isUtf8 = word === "UTF8" && this.#session.utf8;
    if (word !== "TEXT" && !isUtf8) this.#cursor.fail("URL or TEXT");
    if (isUtf8) this.#cursor.byte(OPEN);
    const size = parseAnnouncement(this.#cursor);
    const isBinary = this.#literals.pending?.binary === true;
    if (isUtf8 && !isBinary) this.#cursor.fail("literal8");
    const { header, body } = await this.#take(limitBytes);
    await this.#nextLine();
    if (isUtf8) this.#cursor.byte(CLOSE);
    return {
      size,
      open: async function* (): AsyncGenerator<Uint8Array, void> {
        yield header;
        if (body.bytes !== undefined) yield body.bytes;
        else yield* body.open();
      },
    };
  }

  /** An astring, of which a literal is still to be read. */
  async #url(): Promise<string> {
    if (this.#cursor.peek() !== BRACE) {
      return asciiText(this.#cursor.astring());
    }
    const size = parseAnnouncement(this.#cursor);
    if (size > MAX_URL_BYTES) {
      throw new ImapError("NO", "The URL is too long", "LIMIT");
    }
    const { header, body } = await this.#take(MAX_URL_BYTES);
    await this.#nextLine();
    return asciiText(header) + asciiText(body.bytes ?? new Uint8Array());
  }
}

/** Bytes of a message to be. */
export interface Piece {
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
}

async function* chunksOf(
  pieces: readonly Piece[],
): AsyncGenerator<Uint8Array, void> {
  for (const piece of pieces) yield* piece.open();
}

/** RFC 4469 section 4.2, RFC 7889. */
function tooBig(): ImapError {
  return new ImapError("NO", "The message is too long", "TOOBIG");
}

/**
 * The messages of one APPEND as they come over the wire: each is kept in memory
 * or spooled, and freed at the end. RFC 9051 section 6.3.12, RFC 3502.
 */
import { findHeaderEnd } from "#src/message/header_block.ts";
import { MemoryBody } from "#src/message/body.ts";
import {
  APPEND_MEMORY_BYTES,
  COMMAND_TIMEOUT_MS,
  MAX_DISCARDED_BYTES,
} from "./limits.ts";
import type { SpooledMessage } from "./message_spool.ts";
import type { Session } from "./session.ts";
import { announcedLiteral, type PendingLiteral } from "./wire/framing.ts";
import { ConnectionClosed } from "#src/net/connection_errors.ts";

/** Receives literals, one after the other. */
export class AppendLiterals {
  readonly #session: Session;
  readonly #kept: SpooledMessage[] = [];
  /** Announced, and not read. */
  #pending: PendingLiteral | undefined;
  /** Bytes of the literal being read that the client is still to send. */
  #unread = 0;
  /** The line after a literal is still to be read. */
  #owesLine = false;

  constructor(session: Session, first: PendingLiteral | undefined) {
    this.#session = session;
    this.#pending = first;
  }

  /** The literal that is next. */
  get pending(): PendingLiteral | undefined {
    return this.#pending;
  }

  /** Takes the pending literal, of which the caller has looked at the size. */
  async take(): Promise<SpooledMessage> {
    const literal = this.#pending;
    if (literal === undefined) throw new TypeError("No literal is pending");
    const { reader, services } = this.#session;
    await reader.accept(literal);
    this.#pending = undefined;
    this.#owesLine = true;
    this.#unread = literal.size;
    const message = literal.size <= APPEND_MEMORY_BYTES
      ? messageOf(await reader.literalBytes(literal.size))
      : await services.spool.take(this.#read(literal.size), literal.size);
    this.#unread = 0;
    return this.keep(message);
  }

  /** Frees the message too at the end. */
  keep(message: SpooledMessage): SpooledMessage {
    this.#kept.push(message);
    return message;
  }

  /** The bytes of a literal; what the reader of this leaves is unread. */
  async *#read(size: number): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of this.#session.reader.literal(size)) {
      this.#unread -= chunk.length;
      yield chunk;
    }
  }

  /** What follows a literal: the next message's head, or nothing. */
  async nextLine(): Promise<Uint8Array> {
    const line = await this.#session.reader.line(COMMAND_TIMEOUT_MS);
    if (line === undefined) throw new ConnectionClosed("The client is gone");
    this.#owesLine = false;
    this.#pending = announcedLiteral(line);
    return line;
  }

  /**
   * After a failure: reads past what the client sends without waiting, so that
   * it sees the answer, and the next command is found behind this one. Also the
   * rest of a literal that was given up half read: bytes of a message must never
   * be taken for commands. Too much of it ends the connection.
   */
  async discard(): Promise<void> {
    let total = 0;
    while (
      this.#owesLine || this.#pending !== undefined &&
        !this.#pending.synchronising
    ) {
      const size = this.#pending?.size ?? this.#unread;
      total += size;
      if (total > MAX_DISCARDED_BYTES) {
        this.#session.isEnding = true;
        this.#session.farewell = "That is more than is allowed";
        return;
      }
      this.#pending = undefined;
      this.#unread = 0;
      for await (const chunk of this.#session.reader.literal(size)) {
        // Nobody wants it.
        void chunk;
      }
      await this.nextLine();
    }
  }

  /** Frees everything that was taken. Never throws. */
  async dispose(): Promise<void> {
    for (const message of this.#kept) await message.dispose();
  }
}

/** A message that is in memory as a whole. */
export function messageOf(bytes: Uint8Array): SpooledMessage {
  // A message without a blank line is all header.
  const end = findHeaderEnd(bytes) ?? bytes.length;
  return {
    header: bytes.subarray(0, end),
    body: new MemoryBody(bytes.subarray(end)),
    dispose: () => Promise.resolve(),
  };
}

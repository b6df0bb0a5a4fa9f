/**
 * Answers as bytes. RFC 9051 section 7. Small pieces are collected in one
 * buffer, large ones are handed on without copying; `relieve` and `flush` write
 * and wait, so that a client that does not read costs a bounded buffer.
 *
 * There is one writer for a connection: the loop of its session.
 */
import type { Connection } from "#src/net/connection.ts";
import { WRITE_CHUNK_BYTES } from "#src/imap/limits.ts";
import { encodeUtf8 } from "./utf8.ts";
import { encodeUtf7 } from "./utf7.ts";

const EMPTY = new Uint8Array(0);
const DONE: Promise<void> = Promise.resolve();
const FIRST_BUFFER_BYTES = 512;
/** A whole chunk and what comes on top of it. */
const LONG_BUFFER_BYTES = WRITE_CHUNK_BYTES + 8 * 1024;
/** Pieces from this size on are not copied. */
const OWN_PIECE_BYTES = 8 * 1024;
const CR = 0x0d;
const LF = 0x0a;
const DQUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Collects and writes answers. */
export class ResponseWriter {
  #connection: Connection;
  #buffer: Uint8Array = EMPTY;
  #used = 0;
  /** Size of the next buffer: long where answers are. */
  #firstBytes = FIRST_BUFFER_BYTES;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #flushed = 0;
  #flushing: Promise<void> | undefined;
  /** Mailbox names go out as UTF-8 (RFC 6855, RFC 9051 section 5.1). */
  utf8Names = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Writes to another connection from now on; nothing may wait. */
  useConnection(connection: Connection): void {
    this.#connection = connection;
  }

  /** Bytes that wait. */
  get pending(): number {
    return this.#queued + this.#used;
  }

  /** Enough has come together to be written: `flush`. */
  get isFull(): boolean {
    return this.#queued + this.#used >= WRITE_CHUNK_BYTES;
  }

  /** Bytes ever given to this writer; only differences mean something. */
  get written(): number {
    return this.#flushed + this.pending;
  }

  /** ASCII text as it is. */
  text(text: string): this {
    const length = text.length;
    this.#reserve(length);
    const buffer = this.#buffer;
    let at = this.#used;
    for (let i = 0; i < length; i++) buffer[at++] = text.charCodeAt(i);
    this.#used = at;
    return this;
  }

  /** ASCII text and the end of the line. */
  line(text: string): this {
    this.text(text);
    return this.crlf();
  }

  crlf(): this {
    this.#reserve(2);
    this.#buffer[this.#used++] = CR;
    this.#buffer[this.#used++] = LF;
    return this;
  }

  /** Bytes as they are; nobody may change them afterwards. */
  bytes(bytes: Uint8Array): this {
    if (bytes.length >= OWN_PIECE_BYTES) {
      this.#shelve();
      this.#queue.push(bytes);
      this.#queued += bytes.length;
      return this;
    }
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
    return this;
  }

  /** `{n}` and the bytes. */
  literal(bytes: Uint8Array): this {
    return this.text(`{${bytes.length}}\r\n`).bytes(bytes);
  }

  /** Quoted where the bytes allow it, else a literal. */
  string(bytes: Uint8Array): this {
    if (!isQuotable(bytes)) return this.literal(bytes);
    this.#reserve(bytes.length * 2 + 2);
    this.#buffer[this.#used++] = DQUOTE;
    for (const byte of bytes) {
      if (byte === DQUOTE || byte === BACKSLASH) {
        this.#buffer[this.#used++] = BACKSLASH;
      }
      this.#buffer[this.#used++] = byte;
    }
    this.#buffer[this.#used++] = DQUOTE;
    return this;
  }

  /** Text as a string: UTF-8 in a literal where it is not ASCII. */
  textString(text: string): this {
    return this.string(encodeUtf8(text));
  }

  /** A mailbox name in the form that the session has agreed on. */
  mailbox(name: string): this {
    if (!this.utf8Names) return this.textString(encodeUtf7(name));
    // Quoted UTF-8; names hold no controls (`mailbox_name.ts`).
    const escaped = name.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
    return this.bytes(encodeUtf8(`"${escaped}"`));
  }

  /** Writes where enough has come together. */
  async relieve(): Promise<void> {
    if (this.isFull) await this.flush();
  }

  /** Writes everything. */
  flush(): Promise<void> {
    this.#shelve();
    if (this.#queue.length === 0) return this.#flushing ?? DONE;
    return this.#flushing ??= this.#writeQueue();
  }

  /** One at a time, so that pieces keep their order. */
  async #writeQueue(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const queue = this.#queue;
        this.#queue = [];
        this.#flushed += this.#queued;
        this.#queued = 0;
        for (const piece of queue) await this.#connection.write(piece);
        this.#shelve();
      }
    } finally {
      this.#flushing = undefined;
    }
  }

  /** Moves the buffer to the queue; it is not used again. */
  #shelve(): void {
    if (this.#used === 0) return;
    this.#queue.push(this.#buffer.subarray(0, this.#used));
    this.#queued += this.#used;
    this.#firstBytes = this.#used >= WRITE_CHUNK_BYTES / 2
      ? LONG_BUFFER_BYTES
      : FIRST_BUFFER_BYTES;
    this.#buffer = EMPTY;
    this.#used = 0;
  }

  #reserve(bytes: number): void {
    const needed = this.#used + bytes;
    if (needed <= this.#buffer.length) return;
    let size = Math.max(this.#firstBytes, this.#buffer.length * 2);
    while (size < needed) size *= 2;
    const grown = new Uint8Array(size);
    grown.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = grown;
  }
}

/** Whether a quoted string can hold the bytes: ASCII without controls. */
function isQuotable(bytes: Uint8Array): boolean {
  if (bytes.length > 1000) return false;
  for (const byte of bytes) if (byte < 0x20 || byte >= 0x7f) return false;
  return true;
}

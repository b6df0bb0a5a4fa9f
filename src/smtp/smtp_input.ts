/**
 * What arrives, taken apart: command lines that end at CRLF only, DATA, chunks
 * of BDAT. Takes the place of the parser of `smtp-server`. How the input is cut
 * into pieces changes nothing; what is not consumed yet is bounded by one
 * command line and one piece.
 */
import { SMTPStream } from "smtp-server/lib/smtp-stream";
import { joinBytes } from "#src/bytes/join_bytes.ts";
import { SMTP_LIMITS } from "./limits.ts";
import type { MessageDecoder } from "./message_decoder.ts";

/**
 * Who is told. A promise means: nothing more before it resolves. They never
 * reject.
 */
export interface SmtpInputEvents {
  /** A line without its CRLF. Only valid during the call. */
  line(bytes: Uint8Array): Promise<void> | undefined;
  /** A line longer than it may be; nothing follows. */
  lineTooLong(): void;
  /** Content of a message. */
  content(bytes: Uint8Array): Promise<void> | undefined;
  /** The end of DATA, or of a chunk. */
  contentEnd(): Promise<void> | undefined;
  /** Everything that has arrived is worked off. */
  idle(): Promise<void> | undefined;
}

const CR = 0x0d;
const LF = 0x0a;
const NOTHING = new Uint8Array(0);

/** The reading side of one connection. */
export class SmtpInput extends SMTPStream {
  #events: SmtpInputEvents | undefined;
  /** The start of a line whose end has not come. */
  #held: Uint8Array = NOTHING;
  #piece: Uint8Array = NOTHING;
  #position = 0;
  #next: (() => void) | undefined;
  #isRunning = false;
  #isWaiting = false;
  #decoder: MessageDecoder | undefined;
  /** Bytes of the chunk of BDAT that have not come; -1 outside of one. */
  #chunkLeft = -1;
  /** AUTH answers may be longer than commands. */
  #isAnswer = false;

  constructor() {
    super({ highWaterMark: 64 * 1024 });
  }

  /** Begins to tell; until then everything waits. */
  open(events: SmtpInputEvents): void {
    this.#events = events;
    this.#run();
  }

  /** Whether anything came that nobody was told of yet. */
  get hasUnread(): boolean {
    return this.#position < this.#piece.length || this.#held.length > 0 ||
      this.writableLength > this.#piece.length;
  }

  /** The next line is an answer of an AUTH exchange. */
  expectAnswer(): void {
    this.#isAnswer = true;
  }

  /** The next line is a command again. */
  expectCommand(): void {
    this.#isAnswer = false;
  }

  /** What follows is the message of DATA. */
  startData(decoder: MessageDecoder): void {
    this.#decoder = decoder;
  }

  /** What follows is a chunk; without decoder it is not looked at. */
  startChunk(length: number, decoder: MessageDecoder | undefined): void {
    this.#chunkLeft = length;
    this.#decoder = decoder;
  }

  override _write(
    piece: Uint8Array,
    _encoding: string,
    next: () => void,
  ): void {
    // A plain view: the loops over bytes are twice as fast as over a Buffer.
    this.#piece = new Uint8Array(
      piece.buffer,
      piece.byteOffset,
      piece.byteLength,
    );
    this.#position = 0;
    this.#next = next;
    this.#run();
  }

  /** A line that the peer did not finish is not run. */
  override _flushData(): void {}

  #run(): void {
    if (this.#isRunning || this.#isWaiting) return;
    this.#isRunning = true;
    try {
      while (this.#next !== undefined) {
        const events = this.#events;
        // Nobody listens yet: the piece stays where it is.
        if (events === undefined && !this.isClosed) return;
        const waiting = this.#step(events);
        if (waiting === undefined) continue;
        this.#isWaiting = true;
        void waiting.then(() => {
          this.#isWaiting = false;
          this.#run();
        });
        return;
      }
    } finally {
      this.#isRunning = false;
    }
  }

  #step(events: SmtpInputEvents | undefined): Promise<void> | undefined {
    if (events === undefined || this.isClosed) return this.#finish();
    // A chunk without bytes has its end here, whatever follows. A piece that
    // was given on whole may have been freed: its length is 0 then.
    if (this.#position >= this.#piece.length && this.#chunkLeft !== 0) {
      const waiting = events.idle();
      return waiting === undefined
        ? this.#finish()
        : waiting.then(() => void this.#finish());
    }
    if (this.#chunkLeft >= 0) return this.#chunk(events);
    if (this.#decoder !== undefined) return this.#data(events, this.#decoder);
    return this.#line(events);
  }

  /** Asks for the next piece. */
  #finish(): undefined {
    const next = this.#next;
    this.#next = undefined;
    this.#piece = NOTHING;
    this.#position = 0;
    next?.();
    return undefined;
  }

  #data(
    events: SmtpInputEvents,
    decoder: MessageDecoder,
  ): Promise<void> | undefined {
    const content = decoder.decode(this.#piece, this.#position);
    this.#position = decoder.position;
    const waiting = content.length > 0 ? events.content(content) : undefined;
    if (!decoder.ended) return waiting;
    this.#decoder = undefined;
    return waiting === undefined
      ? events.contentEnd()
      : waiting.then(() => events.contentEnd());
  }

  #chunk(events: SmtpInputEvents): Promise<void> | undefined {
    const { length } = this.#piece;
    const end = Math.min(length, this.#position + this.#chunkLeft);
    const bytes = this.#piece.subarray(this.#position, end);
    this.#chunkLeft -= bytes.length;
    this.#position = end;
    const content = this.#decoder?.decode(bytes, 0) ?? bytes;
    const waiting = content.length > 0 ? events.content(content) : undefined;
    if (this.#chunkLeft > 0) return waiting;
    this.#chunkLeft = -1;
    this.#decoder = undefined;
    return waiting === undefined
      ? events.contentEnd()
      : waiting.then(() => events.contentEnd());
  }

  #line(events: SmtpInputEvents): Promise<void> | undefined {
    const piece = this.#piece;
    const start = this.#position;
    const held = this.#held;
    let end = endOfLine(piece, start, held[held.length - 1]);
    const max = this.#maxLine(start);
    if (end < 0) {
      end = piece.length;
      if (held.length + end - start >= max) return this.#tooLong(events);
      this.#held = held.length === 0
        ? piece.slice(start, end)
        : joinBytes([held, piece.subarray(start, end)]);
      this.#position = end;
      return undefined;
    }
    if (held.length + end - start > max) return this.#tooLong(events);
    this.#position = end;
    if (held.length === 0) return events.line(piece.subarray(start, end - 2));
    this.#held = NOTHING;
    const line = joinBytes([held, piece.subarray(start, end)]);
    return events.line(line.subarray(0, line.length - 2));
  }

  #tooLong(events: SmtpInputEvents): undefined {
    this.#held = NOTHING;
    this.#position = this.#piece.length;
    events.lineTooLong();
    return undefined;
  }

  #maxLine(start: number): number {
    if (this.#isAnswer || this.#isAuth(start)) return SMTP_LIMITS.authLineBytes;
    return SMTP_LIMITS.commandLineBytes;
  }

  /** Whether the line begins with AUTH. */
  #isAuth(start: number): boolean {
    const held = this.#held.length;
    for (let i = 0; i < AUTH.length; i++) {
      const byte = i < held ? this.#held[i] : this.#piece[start + i - held];
      // Letters: bit 5 is the case.
      if (byte === undefined || (byte & ~0x20) !== AUTH[i]) return false;
    }
    return true;
  }
}

const AUTH = new TextEncoder().encode("AUTH");

/** Behind the first CRLF; -1 where there is none. */
function endOfLine(
  piece: Uint8Array,
  start: number,
  before: number | undefined,
): number {
  if (before === CR && piece[start] === LF) return start + 1;
  let cr = piece.indexOf(CR, start);
  while (cr >= 0) {
    if (piece[cr + 1] === LF) return cr + 2;
    cr = piece.indexOf(CR, cr + 1);
  }
  return -1;
}

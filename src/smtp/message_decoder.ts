/**
 * Message bytes as they cross the wire: finds the true end of DATA, removes
 * the dots that were added for transparency (RFC 5321 section 4.5.2), and
 * finds CR and LF that stand alone. Sync, pure, an explicit state machine over
 * bytes: how the input is cut changes nothing.
 *
 * Only CRLF.CRLF ends a message (and `.CRLF` at its very start). Whatever else
 * looks like it (`LF.LF`, `CRLF.LF`, `CR.CR`) is content; taking it for an end
 * is how messages are smuggled into others.
 */
import { joinBytes } from "#src/bytes/join_bytes.ts";
import { SMTP_LIMITS } from "./limits.ts";
import type { BareLineEnds } from "./settings.ts";

/** Why a message is refused at its end. */
export type BrokenRule = "bareLineEnd" | "textLineTooLong";

/** How a decoder reads. */
export interface DecoderOptions {
  /** DATA has dots and an end; a chunk of BDAT has neither. */
  readonly dots: boolean;
  readonly bareLineEnds: BareLineEnds;
  readonly strictLines: boolean;
}

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

/** After CRLF, or at the start. */
const LINE_START = 0;
const IN_LINE = 1;
/** After a CR. */
const AFTER_CR = 2;
/** After a dot that began a line; it is never content. */
const AFTER_DOT = 3;
/** After `CRLF . CR`; the CR is held back. */
const AFTER_DOT_CR = 4;

const ONE_CR = Uint8Array.of(CR);
const ONE_LF = Uint8Array.of(LF);
const CRLF = Uint8Array.of(CR, LF);
const NOTHING = new Uint8Array(0);

/** Reads one message, piece by piece. */
export class MessageDecoder {
  readonly #dots: boolean;
  readonly #normalise: boolean;
  readonly #strictLines: boolean;
  #state = LINE_START;
  #lineBytes = 0;
  #pieces: Uint8Array[] = [];
  #broken: BrokenRule | undefined;
  /** Whether the end of DATA has been read. */
  ended = false;
  /** Lines longer than RFC 5321 section 4.5.3.1.6 allows. */
  longLines = 0;
  /** Where in the last input the message stops; its length where it goes on. */
  position = 0;

  constructor(options: DecoderOptions) {
    this.#dots = options.dots;
    this.#normalise = options.bareLineEnds === "normalise";
    this.#strictLines = options.strictLines;
  }

  /** The first rule that the message has broken. */
  get broken(): BrokenRule | undefined {
    return this.#broken;
  }

  /**
   * Decodes `input` from `start`. Gives content, mostly a view of the input;
   * `position` and `ended` say where the message stops.
   */
  decode(input: Uint8Array, start: number): Uint8Array {
    const { length } = input;
    let i = start;
    // Content that is not handed on yet begins here.
    let from = start;
    while (i < length) {
      if (this.#state === IN_LINE) {
        i = this.#line(input, i);
        if (i === length) break;
        if (input[i] === CR) this.#state = AFTER_CR;
        else from = this.#bareLf(input, from, i);
        i++;
      } else if (this.#state === AFTER_CR) {
        if (input[i] === LF) {
          i++;
          this.#endLine();
        } else from = this.#bareCr(input, from, i);
      } else if (this.#state === LINE_START) {
        if (this.#dots && input[i] === DOT) {
          this.#push(input, from, i);
          i++;
          from = i;
          this.#state = AFTER_DOT;
        } else this.#state = IN_LINE;
      } else if (this.#state === AFTER_DOT) {
        if (input[i] === CR) {
          i++;
          from = i;
          this.#state = AFTER_DOT_CR;
        } else this.#state = IN_LINE;
      } else {
        if (input[i] === LF) {
          this.ended = true;
          this.position = i + 1;
          return this.#take();
        }
        this.#pieces.push(ONE_CR);
        from = this.#bareCr(input, from, i);
      }
    }
    this.position = length;
    this.#push(input, from, length);
    return this.#take();
  }

  /** The end of the last chunk: nothing can follow a CR any more. */
  finish(): Uint8Array {
    if (this.#state !== AFTER_CR) return NOTHING;
    this.#state = LINE_START;
    if (this.#normalise) return ONE_LF;
    this.#broken ??= "bareLineEnd";
    return NOTHING;
  }

  /** Passes over a run without CR and LF. */
  #line(input: Uint8Array, start: number): number {
    const { length } = input;
    let i = start;
    while (i < length) {
      const byte = input[i] as number;
      if (byte <= CR && (byte === CR || byte === LF)) break;
      i++;
    }
    this.#lineBytes += i - start;
    return i;
  }

  #endLine(): void {
    this.#state = LINE_START;
    if (this.#lineBytes > SMTP_LIMITS.textLineBytes) {
      this.longLines++;
      if (this.#strictLines) this.#broken ??= "textLineTooLong";
    }
    this.#lineBytes = 0;
  }

  /** An LF at `i` without CR before it. Gives where content goes on. */
  #bareLf(input: Uint8Array, from: number, i: number): number {
    // A dot that follows is content: the line did not begin after CRLF.
    this.#endLine();
    this.#state = IN_LINE;
    if (!this.#normalise) {
      this.#broken ??= "bareLineEnd";
      return from;
    }
    this.#push(input, from, i);
    this.#pieces.push(CRLF);
    return i + 1;
  }

  /** A CR before `i` without LF behind it. Gives where content goes on. */
  #bareCr(input: Uint8Array, from: number, i: number): number {
    this.#endLine();
    this.#state = IN_LINE;
    if (!this.#normalise) {
      this.#broken ??= "bareLineEnd";
      return from;
    }
    this.#push(input, from, i);
    this.#pieces.push(ONE_LF);
    return i;
  }

  #push(input: Uint8Array, from: number, to: number): void {
    if (to > from) this.#pieces.push(input.subarray(from, to));
  }

  #take(): Uint8Array {
    const pieces = this.#pieces;
    if (pieces.length === 0) return NOTHING;
    this.#pieces = [];
    return joinBytes(pieces);
  }
}

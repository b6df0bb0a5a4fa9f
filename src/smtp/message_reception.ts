/**
 * The message of one transaction while it arrives by DATA or BDAT: rules,
 * deadlines, and the answer. RFC 5321 section 4.1.1.4, RFC 3030, RFC 2033
 * section 4.2.
 */
import type { Dialogue, Transaction } from "./dialogue.ts";
import { SMTP_LIMITS } from "./limits.ts";
import { MessageDecoder } from "./message_decoder.ts";
import { MessageIntake } from "./message_intake.ts";
import type { SmtpError } from "./reply.ts";
import { formatRefusal, replyOfError } from "./reply_of_error.ts";
import { REFUSALS } from "./replies.ts";

/** The client went away before the end of the message. */
class ClientGone extends Error {}

/** One message. */
export class MessageReception {
  readonly #transaction: Transaction;
  readonly #intake: MessageIntake<SmtpError | undefined>;
  readonly #decoder: MessageDecoder | undefined;
  readonly #isChunked: boolean;
  readonly #startedAt: number;
  readonly #minBytesPerSecond: number;
  readonly #deadline: number;
  #isLast: boolean;
  #chunkBytes = 0;
  /** When the backend began to keep the client waiting. */
  #heldSince: number | undefined;
  #heldMs = 0;
  #isAnswering = false;

  constructor(
    dialogue: Dialogue,
    transaction: Transaction,
    kind: "data" | "chunks",
  ) {
    const { settings, services } = dialogue;
    this.#transaction = transaction;
    this.#isChunked = kind === "chunks";
    this.#isLast = !this.#isChunked;
    this.#intake = new MessageIntake(
      (message) => transaction.backend.data(message),
      settings.maxMessageBytes,
    );
    // Of a binary message CR and LF are no line ends. RFC 3030 section 3.
    this.#decoder = transaction.mail.body === "BINARYMIME"
      ? undefined
      : new MessageDecoder({
        dots: !this.#isChunked,
        bareLineEnds: settings.bareLineEnds,
        strictLines: settings.strictLines,
      });
    this.#startedAt = services.clock.monotonic();
    this.#minBytesPerSecond = settings.minBytesPerSecond;
    this.#deadline = this.#startedAt + settings.messageTimeoutMs;
  }

  /** Whether the backend has been given the message. */
  get handedOver(): boolean {
    return this.#intake.handedOver;
  }

  /** What follows is the message. */
  startData(dialogue: Dialogue): void {
    if (this.#decoder !== undefined) {
      dialogue.transport.input.startData(this.#decoder);
    }
  }

  /** What follows is a chunk. */
  startChunk(dialogue: Dialogue, bytes: number, isLast: boolean): void {
    this.#isLast = isLast;
    this.#chunkBytes = bytes;
    if (this.#intake.size + bytes > dialogue.settings.maxMessageBytes) {
      this.#intake.fail(REFUSALS.tooLarge());
    }
    dialogue.transport.input.startChunk(bytes, this.#decoder);
  }

  /** Content that came. */
  content(dialogue: Dialogue, bytes: Uint8Array): Promise<void> | undefined {
    const waiting = this.#intake.write(bytes);
    const broken = this.#decoder?.broken;
    if (broken !== undefined) this.#intake.fail(REFUSALS[broken]());
    if (this.#intake.isHopeless) {
      dialogue.refuse(replyOfError(this.#intake.failure, dialogue.log));
      dialogue.transport.end();
      return undefined;
    }
    if (waiting === undefined) return undefined;
    const { clock } = dialogue.services;
    this.#heldSince = clock.monotonic();
    return waiting.then(() => {
      this.#heldMs += clock.monotonic() - (this.#heldSince ?? 0);
      this.#heldSince = undefined;
    });
  }

  /** The end of DATA, or of a chunk. */
  contentEnd(dialogue: Dialogue): Promise<void> | undefined {
    if (this.#isLast) {
      const rest = this.#isChunked ? this.#decoder?.finish() : undefined;
      if (rest !== undefined) {
        void this.#intake.write(rest);
      }
    }
    const broken = this.#decoder?.broken;
    if (broken !== undefined) this.#intake.fail(REFUSALS[broken]());
    if (this.#isLast) return this.#answer(dialogue);
    const { failure, isDecided } = this.#intake;
    if (failure !== undefined) this.#refuseChunk(dialogue, failure);
    // LMTP answers for each recipient, and that is for the last chunk.
    else if (isDecided && dialogue.settings.protocol === "smtp") {
      return this.#answerChunk(dialogue);
    } else this.#acceptChunk(dialogue);
    return undefined;
  }

  /** The refusal when it takes too long or comes too slowly. */
  overdue(now: number): SmtpError | undefined {
    if (this.#isAnswering) return undefined;
    if (now > this.#deadline) return REFUSALS.timeout();
    const heldNow = this.#heldSince === undefined ? 0 : now - this.#heldSince;
    const elapsed = now - this.#startedAt - this.#heldMs - heldNow;
    if (elapsed < SMTP_LIMITS.rateGraceMs) return undefined;
    const isSlow = this.#intake.size < elapsed / 1000 * this.#minBytesPerSecond;
    return isSlow ? REFUSALS.tooSlow() : undefined;
  }

  /** The client is gone: what has not arrived never will. */
  connectionLost(): void {
    if (this.#isAnswering) return;
    this.#intake.fail(new ClientGone("The client is gone"));
  }

  /** Waits until the backend is done with a message that will not end. */
  async abandon(): Promise<void> {
    this.connectionLost();
    await this.#intake.settled();
  }

  /** The backend has not waited for the last chunk: mostly it could not. */
  async #answerChunk(dialogue: Dialogue): Promise<void> {
    try {
      const results = await this.#intake.end();
      const [first] = results;
      if (first === undefined || results.includes(undefined)) {
        return this.#acceptChunk(dialogue);
      }
      this.#refuseChunk(dialogue, first);
    } catch (error) {
      this.#refuseChunk(dialogue, error);
    }
  }

  #acceptChunk(dialogue: Dialogue): void {
    dialogue.reply(`250 2.0.0 ${this.#chunkBytes} bytes received\r\n`);
  }

  #refuseChunk(dialogue: Dialogue, reason: unknown): void {
    const refusal = replyOfError(reason, dialogue.log);
    this.#transaction.chunkRefusal = refusal;
    dialogue.refuse(refusal);
  }

  async #answer(dialogue: Dialogue): Promise<void> {
    this.#isAnswering = true;
    const transaction = this.#transaction;
    try {
      const results = await this.#intake.end();
      dialogue.transaction = undefined;
      this.#replyAll(dialogue, results);
    } catch (error) {
      dialogue.transaction = undefined;
      if (!this.#intake.handedOver) await transaction.backend.abort();
      const refusal = replyOfError(error, dialogue.log);
      const each = new Array(transaction.recipients).fill(refusal);
      this.#replyAll(dialogue, each);
    }
  }

  /** LMTP answers for each recipient, SMTP for all. RFC 2033 section 4.2. */
  #replyAll(
    dialogue: Dialogue,
    results: readonly (SmtpError | undefined)[],
  ): void {
    const accepted =
      `250 2.0.0 Accepted as ${this.#transaction.backend.id}\r\n`;
    if (dialogue.settings.protocol === "lmtp") {
      for (const result of results) {
        dialogue.reply(result === undefined ? accepted : formatRefusal(result));
      }
      return;
    }
    const [first] = results;
    if (first !== undefined && !results.includes(undefined)) {
      return dialogue.refuse(first);
    }
    dialogue.forgiveErrors();
    dialogue.reply(accepted);
  }
}

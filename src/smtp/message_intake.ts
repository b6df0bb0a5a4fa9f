/**
 * One message on its way to the backend. A small one is gathered and handed
 * over whole; when it grows it becomes a stream with back-pressure. A message
 * that breaks a rule or a limit errors its stream at once; what still comes is
 * read and thrown away, so that the answer stands at the true end.
 */
import { SMTP_LIMITS } from "./limits.ts";
import { REFUSALS } from "./replies.ts";

/** What comes of a message: one entry for each recipient. */
export type Results<R> = Promise<readonly R[]>;

/** Hands a message over. */
export type TakeMessage<R> = (
  message: Uint8Array | ReadableStream<Uint8Array>,
) => Results<R>;

/** What a chunk costs besides its content. */
const CHUNK_BYTES = 512;

/** One message. `write` and `end` are called in turn, never at once. */
export class MessageIntake<R> {
  readonly #take: TakeMessage<R>;
  readonly #maxBytes: number;
  #size = 0;
  /** What has been gathered: `#held` bytes at the start of it. */
  #whole: Uint8Array | undefined;
  #held = 0;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #results: Results<R> | undefined;
  #failure: Error | undefined;
  /** The backend wants no more. */
  #deaf = false;
  #isDecided = false;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(take: TakeMessage<R>, maxBytes: number) {
    this.#take = take;
    this.#maxBytes = maxBytes;
  }

  /** Bytes that came. */
  get size(): number {
    return this.#size;
  }

  /** Why the message is refused, if it is. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Whether the backend has been given the message. */
  get handedOver(): boolean {
    return this.#results !== undefined;
  }

  /** The backend has answered, whatever else of the message comes. */
  get isDecided(): boolean {
    return this.#isDecided;
  }

  /** So much of a refused message that its end is not waited for. */
  get isHopeless(): boolean {
    return this.#failure !== undefined &&
      this.#size > this.#maxBytes * SMTP_LIMITS.refusedFactor;
  }

  /** Takes content; a promise means: wait before the next. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (bytes.length === 0) return undefined;
    this.#size += bytes.length;
    if (this.#failure !== undefined) return undefined;
    // Also where nobody reads any more: else such a message had no bound.
    if (this.#size > this.#maxBytes) {
      this.fail(REFUSALS.tooLarge());
      return undefined;
    }
    if (this.#deaf) return undefined;
    if (this.#controller === undefined) {
      this.#gather(bytes);
      if (this.#size > SMTP_LIMITS.wholeMessageBytes) this.#stream();
      return this.#wait();
    }
    this.#controller.enqueue(ownBytes(bytes));
    return this.#wait();
  }

  /** Refuses the message; the first reason stands. */
  fail(reason: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.#whole = undefined;
    this.#endStream((controller) => controller.error(reason));
  }

  /**
   * The message is complete. Throws why it is refused, or what the backend
   * throws.
   */
  async end(): Results<R> {
    if (this.#failure === undefined) {
      this.#endStream((controller) => controller.close());
      this.#results ??= this.#take(this.#gathered());
      return await this.#results;
    }
    await this.settled();
    throw this.#failure;
  }

  /** Resolves when the backend does nothing with the message any more. */
  async settled(): Promise<void> {
    try {
      await this.#results;
    } catch {
      // The message was refused already; that is the answer.
    }
  }

  #stream(): void {
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        controller.enqueue(this.#gathered());
      },
      pull: () => this.#makeRoom(),
      cancel: () => this.#stopListening(),
    }, {
      highWaterMark: SMTP_LIMITS.streamBytes,
      // Chunks cost memory of their own, also when they hold one byte.
      size: (chunk) => chunk.length + CHUNK_BYTES,
    });
    const results = this.#take(stream);
    this.#results = results;
    // Whatever comes of it, nobody reads the stream after that. `end` looks at
    // the outcome; here a rejection is only a reason to stop.
    const decided = (): void => {
      this.#isDecided = true;
      this.#stopListening();
    };
    results.then(decided, decided);
  }

  /** The first piece is kept as it is: mostly it is the only one. */
  #gather(bytes: Uint8Array): void {
    const whole = this.#whole;
    if (whole === undefined) {
      this.#whole = bytes;
      this.#held = bytes.length;
      return;
    }
    const needed = this.#held + bytes.length;
    let room = whole;
    // A view of somebody's buffer has no room behind it.
    if (needed > whole.length || whole.length < whole.buffer.byteLength) {
      room = new Uint8Array(Math.max(4096, needed * 2));
      room.set(whole.subarray(0, this.#held));
      this.#whole = room;
    }
    room.set(bytes, this.#held);
    this.#held = needed;
  }

  #gathered(): Uint8Array {
    const whole = this.#whole ?? new Uint8Array(0);
    this.#whole = undefined;
    return ownBytes(whole.subarray(0, this.#held));
  }

  #wait(): Promise<void> | undefined {
    const { desiredSize } = this.#controller ?? { desiredSize: 1 };
    if (desiredSize === null || desiredSize > 0) return undefined;
    this.#room = Promise.withResolvers<void>();
    return this.#room.promise;
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #stopListening(): void {
    this.#deaf = true;
    this.#endStream((controller) => controller.error(new Error("Not read")));
  }

  #endStream(
    end: (controller: ReadableStreamDefaultController<Uint8Array>) => void,
  ): void {
    const controller = this.#controller;
    this.#controller = undefined;
    if (controller !== undefined) {
      try {
        end(controller);
      } catch {
        // A stream that its reader has cancelled takes no end.
      }
    }
    this.#makeRoom();
  }
}

/**
 * Bytes that pin no larger buffer: a view of a read buffer would keep all of
 * it alive, and take all of it along into another worker.
 */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength > bytes.length + 1024 ? bytes.slice() : bytes;
}

/** The reading end of a sequence that another worker yields. */

/** How the reader reaches the owner. */
export interface SourceInput {
  /** Items asked for ahead; at least 1. */
  readonly prefetch: number;
  pull(credit: number): void;
  /** Wants no more. */
  leave(): void;
}

interface Waiting {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const DONE: IteratorResult<unknown, undefined> = {
  value: undefined,
  done: true,
};

/** Pulls items, a few ahead of its reader. */
export class SourceReader implements AsyncIterableIterator<unknown, undefined> {
  readonly #input: SourceInput;
  readonly #items: unknown[] = [];
  #waiting: Waiting | undefined;
  #started = false;
  #over = false;
  #error: { readonly value: unknown } | undefined;

  constructor(input: SourceInput) {
    this.#input = input;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next item. One call at a time. */
  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift();
      if (!this.#over) this.#input.pull(1);
      return Promise.resolve({ value, done: false });
    }
    if (this.#error !== undefined) return Promise.reject(this.#error.value);
    if (this.#over) return Promise.resolve(DONE);
    if (!this.#started) {
      this.#started = true;
      this.#input.pull(this.#input.prefetch);
    }
    const { promise, resolve, reject } = Promise.withResolvers<
      IteratorResult<unknown, undefined>
    >();
    this.#waiting = { resolve, reject };
    return promise;
  }

  /** Ends early and tells the owner. */
  return(): Promise<IteratorResult<unknown, undefined>> {
    if (!this.#over) {
      this.#over = true;
      this.#input.leave();
    }
    this.#items.length = 0;
    this.#wake();
    return Promise.resolve(DONE);
  }

  /** The bytes of a sequence of `Uint8Array`, as a stream. */
  toStream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>({
      pull: async (controller): Promise<void> => {
        const { value, done } = await this.next();
        if (done === true) controller.close();
        else controller.enqueue(value as Uint8Array);
      },
      cancel: async (): Promise<void> => {
        await this.return();
      },
    }, { highWaterMark: 0 });
  }

  /** The channel: an item has come. */
  receive(value: unknown): void {
    if (this.#over) return;
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#items.push(value);
      return;
    }
    this.#waiting = undefined;
    this.#input.pull(1);
    waiting.resolve({ value, done: false });
  }

  /** The channel: there are no more items. */
  end(): void {
    this.#over = true;
    this.#wake();
  }

  /** The channel: the owner failed or is gone. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = { value: error };
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    if (this.#error !== undefined) waiting.reject(this.#error.value);
    else waiting.resolve(DONE);
  }
}

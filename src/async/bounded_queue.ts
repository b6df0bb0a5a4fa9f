/** A queue between a producer and a consumer that cannot grow without bound. */

/** First in, first out; `push` waits while the queue is full. */
export class BoundedQueue<T> {
  readonly #capacity: number;
  readonly #items: T[] = [];
  readonly #takers: ((result: IteratorResult<T, undefined>) => void)[] = [];
  readonly #pushers: (() => void)[] = [];
  #closed = false;

  /** @param capacity items that wait at most; at least 1. */
  constructor(capacity: number) {
    if (capacity < 1) throw new RangeError("A queue needs room for one item");
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#items.length;
  }

  /** Adds an item, waiting for room. Items pushed after `close` are dropped. */
  async push(item: T): Promise<void> {
    while (!this.#closed && this.#items.length >= this.#capacity) {
      await new Promise<void>((resolve) => this.#pushers.push(resolve));
    }
    this.tryPush(item);
  }

  /** Adds an item if there is room; says whether it did. */
  tryPush(item: T): boolean {
    if (this.#closed) return false;
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker({ value: item, done: false });
      return true;
    }
    if (this.#items.length >= this.#capacity) return false;
    this.#items.push(item);
    return true;
  }

  /** Takes the oldest item, waiting for one; `done` after `close`. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift() as T;
      this.#pushers.shift()?.();
      return Promise.resolve({ value, done: false });
    }
    if (this.#closed) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** No more items; what waits can still be taken. */
  close(): void {
    this.#closed = true;
    for (const taker of this.#takers.splice(0)) {
      taker({ value: undefined, done: true });
    }
    for (const pusher of this.#pushers.splice(0)) pusher();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    while (true) {
      const result = await this.next();
      if (result.done === true) return;
      yield result.value;
    }
  }
}

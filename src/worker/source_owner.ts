/** The yielding end of a sequence that another worker reads. */

/** How the owner reaches the reader. */
export interface SourceOutput {
  send(value: unknown): void;
  end(): void;
  fail(error: unknown): void;
}

/** Sends items as long as the reader has room. */
export class SourceOwner {
  readonly #iterator: AsyncIterator<unknown>;
  readonly #output: SourceOutput;
  #credit = 0;
  #pumping = false;
  #stopped = false;

  constructor(items: AsyncIterable<unknown>, output: SourceOutput) {
    this.#iterator = items[Symbol.asyncIterator]();
    this.#output = output;
  }

  /** The reader has room for so many more items. */
  grant(credit: number): void {
    this.#credit += credit;
    if (!this.#pumping) void this.#pump();
  }

  /** The reader wants no more, or is gone. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    // Frees what the iterator holds; its failure concerns nobody any more.
    this.#iterator.return?.().catch(() => {});
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      while (this.#credit > 0 && !this.#stopped) {
        const result = await this.#iterator.next();
        if (this.#stopped) return;
        if (result.done === true) {
          this.#stopped = true;
          this.#output.end();
          return;
        }
        this.#credit--;
        this.#output.send(result.value);
      }
    } catch (error) {
      if (this.#stopped) return;
      this.#stopped = true;
      this.#output.fail(error);
    } finally {
      this.#pumping = false;
    }
  }
}

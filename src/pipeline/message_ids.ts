/** Names of messages: unique in all workers, short, fit for Received. */

/** Makes ids; each worker has its own. */
export class MessageIds {
  readonly #prefix: string;
  #count = 0;

  constructor() {
    const bytes = crypto.getRandomValues(new Uint8Array(4));
    const seed = new DataView(bytes.buffer).getUint32(0);
    this.#prefix = seed.toString(36).padStart(7, "0");
  }

  /** `now` in milliseconds since 1970; ids of one worker sort by time. */
  next(now: number): string {
    this.#count = (this.#count + 1) % 46656;
    const count = this.#count.toString(36).padStart(3, "0");
    return `${now.toString(36)}${count}${this.#prefix}`;
  }
}

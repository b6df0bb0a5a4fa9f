/** One at a time. */

/** Runs critical sections one after the other, in the order of asking. */
export class Mutex {
  #last: Promise<void> = Promise.resolve();

  /** Runs `section` when all earlier ones have ended, however they ended. */
  run<T>(section: () => Promise<T> | T): Promise<T> {
    const result = this.#last.then(section);
    this.#last = result.then(() => {}, () => {});
    return result;
  }
}

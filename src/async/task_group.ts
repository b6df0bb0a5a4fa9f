/**
 * Owns promises: every task that outlives its starter belongs to a group, is
 * aborted with it and awaited by it.
 */

/** Told of a task that failed for a reason other than being aborted. */
export type TaskFailure = (name: string, error: unknown) => void;

/** Tasks that end together. */
export class TaskGroup {
  readonly #onFailure: TaskFailure;
  readonly #controller = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(onFailure: TaskFailure) {
    this.#onFailure = onFailure;
  }

  /** Aborted when the group closes. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Tasks that have not ended yet. */
  get size(): number {
    return this.#running.size;
  }

  /**
   * Starts a task. A closed group starts nothing. A rejection is given to the
   * group's failure handler, unless the group was closed meanwhile.
   */
  spawn(name: string, task: (signal: AbortSignal) => Promise<void>): void {
    if (this.signal.aborted) return;
    const running = (async () => {
      try {
        await task(this.signal);
      } catch (error) {
        if (!this.signal.aborted) this.#onFailure(name, error);
      }
    })();
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  /** Resolves when no task runs any more, also those started meanwhile. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Aborts all tasks and resolves when they have ended. */
  async close(): Promise<void> {
    this.#controller.abort();
    await this.idle();
  }
}

/**
 * Many writes, one sync: writes that arrive in the same turn of the event loop
 * become one transaction. The promises resolve after it is on disk.
 */
import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";

interface Pending {
  /** Runs the write; called again when the shared transaction failed. */
  readonly run: () => void;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

/** Most writes of one transaction: bounds the time the thread is held. */
const MAX_BATCH = 200;

/** Shares transactions between writes. */
export class GroupCommit {
  readonly #database: DatabaseSync;
  #pending: Pending[] = [];
  #isScheduled = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Runs `write` inside a transaction and resolves with its value when that
   * transaction is on disk. A write that throws is undone alone. `write` may
   * be called twice and must not have effects outside of the database.
   */
  run<T>(write: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let value: T | undefined;
    this.#pending.push({
      run: () => value = write(),
      done: () => resolve(value as T),
      fail: reject,
    });
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      // After the events of this turn, so that they all share the sync.
      setImmediate(() => this.flush());
    }
    return promise;
  }

  /** Writes what waits, now. */
  flush(): void {
    this.#isScheduled = false;
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0, MAX_BATCH);
      if (this.#tryTogether(batch)) continue;
      for (const one of batch) this.#alone(one);
    }
  }

  #tryTogether(batch: readonly Pending[]): boolean {
    try {
      this.#transaction(() => {
        for (const one of batch) one.run();
      });
    } catch {
      // One of them failed: each is tried alone and told its own error.
      return false;
    }
    for (const one of batch) one.done();
    return true;
  }

  #alone(one: Pending): void {
    try {
      this.#transaction(one.run);
    } catch (error) {
      one.fail(error);
      return;
    }
    one.done();
  }

  #transaction(work: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
    } catch (error) {
      try {
        this.#database.exec("ROLLBACK");
      } catch {
        // SQLite rolls back by itself after some errors (disk full).
      }
      throw error;
    }
  }
}

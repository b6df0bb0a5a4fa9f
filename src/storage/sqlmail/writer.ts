/**
 * The one writer: every operation that changes the database goes through here
 * and shares its commit with all others that wait (group commit).
 *
 * How a batch runs
 * - Operations queue up while a commit is under way. When it is done, all that
 *   wait run one after another in one transaction, which is committed once.
 * - Callers get their answers after the commit; watchers get their hints after
 *   the answers.
 * - At first there are no savepoints. An operation that fails before it wrote
 *   anything is refused alone. One that fails later spoils the transaction: it
 *   is rolled back and the batch runs again with a savepoint for each
 *   operation. Operations may therefore run twice, and must depend on nothing
 *   but the database and their arguments.
 */
import { StorageError } from "#src/errors/errors.ts";
import type { ChangeHint } from "#src/imap/backend.ts";
import type { StorageDriver, WriteSql } from "../driver.ts";
import type { QuotaLimits } from "./account_usage.ts";
import { WriteContext } from "./write_context.ts";

/** Operations in one transaction; bounds how long an answer can take. */
const MAX_BATCH = 500;

/** Operations that may wait; more are refused as `busy`. */
const MAX_WAITING = 20_000;

/** Turns of the event loop spent gathering, while each brings more. */
const MAX_GATHERING_TURNS = 4;

/** Does its work with `context`; see the head of this file. */
export type Operation<T> = (context: WriteContext) => Promise<T>;

interface Waiting {
  readonly operation: Operation<unknown>;
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
}

type Outcome =
  | { readonly waiting: Waiting; readonly ok: true; readonly value: unknown }
  | { readonly waiting: Waiting; readonly ok: false; readonly error: unknown };

/** Thrown inside a batch that has to run again with savepoints. */
const SPOILT = Symbol("spoilt batch");

/** What the writer is made of. */
export interface WriterOptions {
  readonly driver: StorageDriver;
  readonly now: () => number;
  /** Of accounts that have none of their own. */
  readonly defaultQuota: QuotaLimits;
  /** Called after each commit that changed a mailbox. Must not throw. */
  readonly publish: (hints: readonly ChangeHint[]) => void;
}

/** Runs operations in batches. */
export class Writer {
  readonly #options: WriterOptions;
  readonly #context: WriteContext;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#context = new WriteContext(options.now, options.defaultQuota);
  }

  /** Resolves with what the operation gave, after it is on disk. */
  run<T>(operation: Operation<T>): Promise<T> {
    if (this.#closed || this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(
        new StorageError("busy", "The storage takes no more work now"),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.push({ operation, resolve, reject });
    this.#running ??= this.#work();
    return promise;
  }

  /** Takes no more; resolves when all that waits is done. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gather();
      const batch = this.#waiting.splice(0, MAX_BATCH);
      await this.#runBatch(batch);
    }
    this.#running = undefined;
  }

  /** Lets in what has arrived already; a turn costs some microseconds. */
  async #gather(): Promise<void> {
    for (let turn = 0; turn < MAX_GATHERING_TURNS; turn++) {
      const before = this.#waiting.length;
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#waiting.length === before) return;
    }
  }

  async #runBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      let outcomes: readonly Outcome[];
      try {
        outcomes = await this.#transaction(batch, { careful: false });
      } catch (error) {
        this.#context.forget();
        if (error !== SPOILT) throw error;
        outcomes = await this.#transaction(batch, { careful: true });
      }
      const hints = this.#context.takeHints();
      for (const outcome of outcomes) {
        if (outcome.ok) outcome.waiting.resolve(outcome.value as never);
        else outcome.waiting.reject(outcome.error);
      }
      if (hints.length > 0) this.#options.publish(hints);
    } catch (error) {
      // Nothing of the batch is on disk.
      this.#context.forget();
      for (const { reject } of batch) reject(error);
    }
  }

  #transaction(
    batch: readonly Waiting[],
    { careful }: { readonly careful: boolean },
  ): Promise<readonly Outcome[]> {
    const { driver } = this.#options;
    return driver.write(async (sql) => {
      const context = this.#context;
      if (await driver.changedByOthers(sql)) context.forget();
      context.begin(sql);
      const outcomes: Outcome[] = [];
      for (const waiting of batch) {
        outcomes.push(
          careful
            ? await this.#runCarefully(waiting, sql)
            : await this.#runFast(waiting),
        );
      }
      await context.flush();
      return outcomes;
    });
  }

  async #runFast(waiting: Waiting): Promise<Outcome> {
    const writes = this.#context.writes;
    try {
      const value = await waiting.operation(this.#context);
      return { waiting, ok: true, value };
    } catch (error) {
      if (this.#context.writes !== writes) throw SPOILT;
      return { waiting, ok: false, error };
    }
  }

  async #runCarefully(waiting: Waiting, sql: WriteSql): Promise<Outcome> {
    await this.#context.flush();
    await sql.savepoint();
    try {
      const value = await waiting.operation(this.#context);
      await this.#context.flush();
      return { waiting, ok: true, value };
    } catch (error) {
      await sql.rollbackTo();
      this.#context.undo();
      return { waiting, ok: false, error };
    }
  }
}

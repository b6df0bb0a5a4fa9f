/**
 * Starts, drains and stops instances in order.
 *
 * Start goes from dependencies to those that refer to them, one after another;
 * stop goes the other way round, also after a start that failed half-way. Every
 * `stop` is called at most once, and only after its `start` was called.
 */
import type { Clock } from "#src/clock/clock.ts";
import type { Log } from "#src/log/log.ts";
import type { Lifecycle } from "./define.ts";

/** One instance by its name. */
export interface Living {
  readonly name: string;
  readonly lifecycle: Lifecycle;
}

/** What a runner is made of. */
export interface LifecycleOptions {
  /** Dependencies first. */
  readonly instances: readonly Living[];
  readonly log: Log;
  readonly clock: Clock;
  /** Longest wait for one `stop`; after it the next one is stopped. */
  readonly stopTimeoutMs: number;
}

/** Runs the life of a set of instances. Used by one caller. */
export class LifecycleRunner {
  readonly #options: LifecycleOptions;
  /** Those whose `start` was called, in this order. */
  readonly #started: Living[] = [];

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /**
   * Starts all. When one fails, those that were begun are stopped again and
   * the failure is thrown. `signal` gives the start up.
   */
  async start(signal: AbortSignal): Promise<void> {
    try {
      for (const living of this.#options.instances) {
        signal.throwIfAborted();
        this.#started.push(living);
        await living.lifecycle.start?.(signal);
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /**
   * Lets what runs finish, those that refer to others first, and gives up
   * waiting after `timeoutMs` in all. Failures are logged.
   */
  async drain(timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    const end = clock.monotonic() + timeoutMs;
    for (const living of this.#started.toReversed()) {
      const rest = Math.max(0, end - clock.monotonic());
      await this.#bounded(living, "drain", rest);
    }
  }

  /** Stops what was started, in reverse order. Failures are logged. */
  async stop(): Promise<void> {
    for (;;) {
      const living = this.#started.pop();
      if (living === undefined) return;
      await this.#bounded(living, "stop", this.#options.stopTimeoutMs);
    }
  }

  async #bounded(
    { name, lifecycle }: Living,
    step: "drain" | "stop",
    timeoutMs: number,
  ): Promise<void> {
    const { clock, log } = this.#options;
    if (lifecycle[step] === undefined) return;
    const done = new AbortController();
    const late = Symbol("late");
    const timeout = clock.sleep(timeoutMs, done.signal).then(
      () => late,
      () => undefined,
    );
    try {
      const work = lifecycle[step]();
      const outcome = await Promise.race([work, timeout]);
      if (outcome !== late) return;
      log.warn(`${step} took too long`, { instance: name, timeoutMs });
      // It goes on without us; a late failure must not end the process.
      work.catch((error: unknown) => this.#failed(name, step, error));
    } catch (error) {
      this.#failed(name, step, error);
    } finally {
      done.abort();
    }
  }

  #failed(name: string, step: string, error: unknown): void {
    this.#options.log.error(`${step} failed`, {
      instance: name,
      error: error instanceof Error ? error.message : String(error),
    });
  }
}

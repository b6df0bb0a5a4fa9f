/** A clock that stands still until a test moves it. */
import type { Clock } from "#src/clock/clock.ts";

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Wall and monotonic time move together, only by `advance`. */
export class FakeClock implements Clock {
  #now: number;
  #sleepers: Sleeper[] = [];

  /** @param now milliseconds since 1970; default 2026-01-01. */
  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted) {
      reject(signal.reason);
      return promise;
    }
    const abort = (): void => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
      reject(signal?.reason);
    };
    const sleeper: Sleeper = {
      at: this.#now + ms,
      wake: () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      },
    };
    signal?.addEventListener("abort", abort, { once: true });
    this.#sleepers.push(sleeper);
    return promise;
  }

  /** How many sleep right now. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** When the next sleeper wakes; `undefined` where none sleeps. */
  get nextWake(): number | undefined {
    const times = this.#sleepers.map((sleeper) => sleeper.at);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Moves time and wakes who has slept enough, earliest first. */
  advance(ms: number): void {
    this.#now += ms;
    const due = this.#sleepers
      .filter((sleeper) => sleeper.at <= this.#now)
      .toSorted((a, b) => a.at - b.at);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.at > this.#now);
    for (const sleeper of due) sleeper.wake();
  }
}

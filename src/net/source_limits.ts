/**
 * How many connections one source may have and how fast it may open them. A
 * source is an address and the two networks around it, which may have more.
 * Each worker counts for itself.
 */
import type { Clock } from "#src/clock/clock.ts";
import { SlidingCount } from "./sliding_count.ts";
import { isLoopback, prefixesOf } from "./source_prefix.ts";

/** Bounds for the address; its networks have three and nine times as much. */
export interface SourceLimitSettings {
  /** Connections at once; 0: no bound. */
  readonly maxConnections: number;
  /** New connections a minute; 0: no bound. */
  readonly maxPerMinute: number;
  /** Counts this machine too; else it may do what it likes. */
  readonly countLoopback: boolean;
}

/** FIELD.md: 30 / 90 / 270 at once, 300 / 900 / 2,700 a minute. */
export const DEFAULT_SOURCE_LIMITS: SourceLimitSettings = {
  maxConnections: 30,
  maxPerMinute: 300,
  countLoopback: false,
};

const MINUTE_MS = 60_000;
/** What the address, its network and the one around that may have. */
const FACTORS = [1, 3, 9] as const;

/** Counts connections. */
export class SourceLimits {
  readonly #settings: SourceLimitSettings;
  readonly #clock: Clock;
  readonly #open = new Map<string, number>();
  readonly #recent = new SlidingCount(MINUTE_MS);

  constructor(settings: SourceLimitSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /**
   * Counts one more connection and gives what is to be called once when it is
   * gone; `undefined` where the source has too many.
   */
  admit(address: string): (() => void) | undefined {
    if (!this.#settings.countLoopback && isLoopback(address)) return () => {};
    const prefixes = prefixesOf(address);
    const now = this.#clock.monotonic();
    if (!prefixes.every((key, i) => this.#hasRoom(key, FACTORS[i] ?? 1, now))) {
      return undefined;
    }
    for (const key of prefixes) {
      this.#open.set(key, (this.#open.get(key) ?? 0) + 1);
      this.#recent.add(key, now);
    }
    return () => this.#release(prefixes);
  }

  #hasRoom(key: string, factor: number, now: number): boolean {
    const { maxConnections, maxPerMinute } = this.#settings;
    const open = this.#open.get(key) ?? 0;
    if (maxConnections > 0 && open >= maxConnections * factor) return false;
    return maxPerMinute === 0 ||
      this.#recent.count(key, now) < maxPerMinute * factor;
  }

  #release(prefixes: readonly string[]): void {
    for (const key of prefixes) {
      const left = (this.#open.get(key) ?? 0) - 1;
      if (left > 0) this.#open.set(key, left);
      else this.#open.delete(key);
    }
  }
}

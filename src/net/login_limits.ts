/**
 * Against guessing of passwords: how many wrong ones a source and an account
 * may have. Each worker counts for itself; IMAP and SMTP use it alike.
 */
import type { Clock } from "#src/clock/clock.ts";
import { SlidingCount } from "./sliding_count.ts";
import { isLoopback, prefixesOf } from "./source_prefix.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** FIELD.md: 10 a minute, 50 a day, wider networks three and nine times. */
const MAX_PER_MINUTE = 10;
const MAX_PER_DAY = 50;
const FACTORS = [1, 3, 9] as const;

/** Counts wrong passwords. */
export class LoginLimits {
  readonly #clock: Clock;
  readonly #minute = new SlidingCount(MINUTE_MS);
  readonly #day = new SlidingCount(DAY_MS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether this source may try the password of this user now. */
  mayTry(remoteAddress: string, user: string): boolean {
    const now = this.#clock.monotonic();
    return this.#keys(remoteAddress, user).every(([key, factor]) =>
      this.#minute.count(key, now) < MAX_PER_MINUTE * factor &&
      this.#day.count(key, now) < MAX_PER_DAY * factor
    );
  }

  /** One more wrong password. */
  failed(remoteAddress: string, user: string): void {
    const now = this.#clock.monotonic();
    for (const [key] of this.#keys(remoteAddress, user)) {
      this.#minute.add(key, now);
      this.#day.add(key, now);
    }
  }

  /**
   * An account is counted for each source network, not for the world: else
   * anybody could lock the owner out.
   */
  #keys(
    remoteAddress: string,
    user: string,
  ): readonly (readonly [string, number])[] {
    if (isLoopback(remoteAddress)) return [];
    const prefixes = prefixesOf(remoteAddress);
    const widest = prefixes.at(-1);
    const keys = prefixes.map((key, i) => [key, FACTORS[i] ?? 1] as const);
    if (widest === undefined) return keys;
    const account = user.slice(0, 320).toLowerCase();
    return [...keys, [`${widest} ${account}`, 1] as const];
  }
}

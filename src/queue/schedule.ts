/**
 * When to try again. RFC 5321 section 4.5.4.1.
 *
 * The n-th failed attempt is followed by the n-th wait of the list, the last
 * one again and again. Each wait is up to a tenth longer, by chance, so that
 * mail that failed together does not come back together. The last attempt is
 * made when the life of the message ends.
 */

/** The waits and the end. */
export interface RetrySchedule {
  /** Milliseconds; at least one. */
  readonly waits: readonly number[];
  /** Life of a message from its acceptance, in milliseconds. */
  readonly maxAge: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** `5m 10m 20m 40m 1h 2h 4h`, for five days. */
export const DEFAULT_SCHEDULE: RetrySchedule = {
  waits: [
    5 * MINUTE,
    10 * MINUTE,
    20 * MINUTE,
    40 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
  ],
  maxAge: 120 * HOUR,
};

/** Longest part of a wait that is left to chance. */
const JITTER = 0.1;

/**
 * The time of the next attempt after `attempts` failed ones, or `undefined`
 * where the message has reached the end of its life.
 */
export function nextAttempt(
  schedule: RetrySchedule,
  attempts: number,
  now: number,
  expiresAt: number,
  random: () => number,
): number | undefined {
  if (now >= expiresAt) return undefined;
  const { waits } = schedule;
  const wait = waits[Math.min(attempts, waits.length) - 1] ?? HOUR;
  return Math.min(now + Math.round(wait * (1 + JITTER * random())), expiresAt);
}

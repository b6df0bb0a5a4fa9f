/** The days in which is counted what an account sends. */

const DAY_MS = 86_400_000;

/** The number of the day in UTC, as it is stored. */
export function dayOf(time: number): number {
  return Math.floor(time / DAY_MS);
}

/** Names of queued messages. */

/**
 * A unique name for a message: the time, so that names sort by age, and 60
 * random bits. Letters and digits only, so that it can name a file.
 */
export function newId(now: number): string {
  const random = crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n;
  const tail = (random >> 4n).toString(36).padStart(12, "0");
  return `${now.toString(36).padStart(9, "0")}${tail}`;
}

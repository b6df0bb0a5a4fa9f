/** Days of search keys as instants. RFC 9051 section 6.4.4: zones are ignored. */
import type { SearchDate } from "#src/imap/search_key.ts";

/** Midnight at which a day begins, UTC. */
export function dayStart({ year, month, day }: SearchDate): number {
  return Date.UTC(year, month - 1, day);
}

/** Midnight at which it ends. */
export function dayEnd({ year, month, day }: SearchDate): number {
  return Date.UTC(year, month - 1, day + 1);
}

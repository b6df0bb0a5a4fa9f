/** Flags that somebody without all rights may change. RFC 4314 section 4. */
import type { FlagGuard, FlagSet } from "#src/imap/backend.ts";
import {
  DELETED_BIT,
  difference,
  hasBit,
  SEEN_BIT,
  union,
} from "#src/imap/flags.ts";

/** `after`, but as it was `before` where it may not be changed. */
export function keptFlags(
  before: FlagSet,
  after: FlagSet,
  may: FlagGuard | undefined,
): FlagSet {
  if (may === undefined) return after;
  let flags = may.others ? after : before;
  flags = withBit(flags, SEEN_BIT, may.seen ? after : before);
  return withBit(flags, DELETED_BIT, may.deleted ? after : before);
}

/** `flags` with one bit as it is in `source`. */
function withBit(flags: FlagSet, bit: number, source: FlagSet): FlagSet {
  const change = 2 ** bit;
  return hasBit(source, bit) ? union(flags, change) : difference(flags, change);
}

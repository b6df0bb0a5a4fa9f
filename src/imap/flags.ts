/**
 * Arithmetic on `FlagSet`: up to 53 flags in one number. Bit operators see only
 * the low 32 bits, so sets are taken apart into two halves first.
 */
import { type FlagSet, SYSTEM_FLAGS } from "./backend.ts";
import { lowerAscii } from "./wire/ascii.ts";

const HALF = 2 ** 32;

/** Bits of the system flags, by what they are called here. */
export const SEEN_BIT = 0;
export const DELETED_BIT = 3;

/** Number of bits that system flags take; keyword n has this plus n. */
export const SYSTEM_BITS: number = SYSTEM_FLAGS.length;

/** Whether bit `bit` (0 to 52) is set. */
export function hasBit(set: FlagSet, bit: number): boolean {
  return bit < 32
    ? ((set >>> bit) & 1) === 1
    : Math.floor(set / 2 ** bit) % 2 === 1;
}

/** `set` with that bit. */
export function withBit(set: FlagSet, bit: number): FlagSet {
  return hasBit(set, bit) ? set : set + 2 ** bit;
}

/** Everything that is in one or both. */
export function union(a: FlagSet, b: FlagSet): FlagSet {
  const high = (Math.floor(a / HALF) | Math.floor(b / HALF)) >>> 0;
  return high * HALF + ((a | b) >>> 0);
}

/** What is in `a` and not in `b`. */
export function difference(a: FlagSet, b: FlagSet): FlagSet {
  const high = (Math.floor(a / HALF) & ~Math.floor(b / HALF)) >>> 0;
  return high * HALF + ((a & ~b) >>> 0);
}

/**
 * The bit of a flag or keyword, compared without regard to ASCII case;
 * `undefined` for a keyword that the mailbox does not have.
 */
export function bitOf(
  flag: string,
  keywords: readonly string[],
): number | undefined {
  const wanted = lowerAscii(flag);
  const system = SYSTEM_FLAGS.findIndex((name) => lowerAscii(name) === wanted);
  if (system >= 0) return system;
  const keyword = keywords.findIndex((name) => lowerAscii(name) === wanted);
  return keyword < 0 ? undefined : SYSTEM_BITS + keyword;
}

/** The set of those flags that have a bit. */
export function flagSetOf(
  flags: readonly string[],
  keywords: readonly string[],
): FlagSet {
  let set = 0;
  for (const flag of flags) {
    const bit = bitOf(flag, keywords);
    if (bit !== undefined) set = withBit(set, bit);
  }
  return set;
}

/** Names of the flags in a set, system flags first. */
export function flagNames(
  set: FlagSet,
  keywords: readonly string[],
): string[] {
  const names: string[] = [];
  if (set === 0) return names;
  for (let bit = 0; bit < SYSTEM_BITS; bit++) {
    if (hasBit(set, bit)) names.push(SYSTEM_FLAGS[bit] ?? "");
  }
  if (set < 2 ** SYSTEM_BITS) return names;
  for (let n = 0; n < keywords.length; n++) {
    if (hasBit(set, SYSTEM_BITS + n)) names.push(keywords[n] ?? "");
  }
  return names;
}

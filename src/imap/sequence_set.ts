/**
 * Sets of sequence numbers or UIDs as clients write them, and as ranges.
 * RFC 9051 section 9 (`sequence-set`). What the numbers mean is the business of
 * `selected_mailbox.ts`.
 */
import type { UidRanges } from "./search_key.ts";

/** `*` in a range. */
export const STAR = 0;

/** Ranges in the order written; `STAR` for the highest number in use. */
export type SequenceSet =
  | { readonly kind: "ranges"; readonly ranges: UidRanges }
  /** `$`: the result of the last SEARCH that saved it. RFC 5182. */
  | { readonly kind: "saved" };

/**
 * Ascending ranges that do not touch, with `STAR` replaced by `highest`. A set
 * of `*` alone on nothing (`highest` 0) is empty.
 */
export function normaliseRanges(
  ranges: UidRanges,
  highest: number,
): (readonly [number, number])[] {
  const sorted: [number, number][] = [];
  for (const [from, to] of ranges) {
    const a = from === STAR ? highest : from;
    const b = to === STAR ? highest : to;
    const low = Math.min(a, b);
    const high = Math.max(a, b);
    if (high > 0) sorted.push([Math.max(low, 1), high]);
  }
  sorted.sort((x, y) => x[0] - y[0]);
  const merged: [number, number][] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && range[0] <= last[1] + 1) {
      if (range[1] > last[1]) last[1] = range[1];
    } else {
      merged.push(range);
    }
  }
  return merged;
}

/** Those of ascending numbers that lie within ascending ranges. */
export function withinRanges(
  numbers: Uint32Array,
  ranges: UidRanges,
): Uint32Array {
  let at = 0;
  return numbers.filter((number) => {
    while (at < ranges.length && (ranges[at]?.[1] ?? 0) < number) at++;
    const range = ranges[at];
    return range !== undefined && range[0] <= number;
  });
}

/** Ascending numbers as ranges. */
export function rangesOf(
  numbers: ArrayLike<number>,
): (readonly [number, number])[] {
  const ranges: [number, number][] = [];
  let last: [number, number] | undefined;
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i] ?? 0;
    if (last !== undefined && value === last[1] + 1) last[1] = value;
    else {
      last = [value, value];
      ranges.push(last);
    }
  }
  return ranges;
}

/** `1:3,5`; the numbers must be in the order to be written. */
export function formatSet(numbers: ArrayLike<number>): string {
  return rangesOf(numbers)
    .map(([from, to]) => from === to ? `${from}` : `${from}:${to}`)
    .join(",");
}

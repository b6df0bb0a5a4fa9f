/** Binary search in ascending integers, none of them twice. */

/** A list of such numbers. */
export type Ascending = {
  readonly length: number;
  readonly [index: number]: number;
};

/** Index of the first of the first `count` numbers that is at least `value`. */
export function lowerBound(
  numbers: Ascending,
  value: number,
  count: number = numbers.length,
): number {
  const first = numbers[0] ?? 0;
  if (count === 0 || value <= first) return 0;
  // With no gaps it stands here, with few not far before.
  let high = Math.min(count, value - first);
  let low = high - 1;
  for (let step = 1; low >= 0 && (numbers[low] ?? 0) >= value; step *= 2) {
    high = low;
    low -= step;
  }
  low++;
  if (low < 0) low = 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether `value` is among the numbers. */
export function includesSorted(numbers: Ascending, value: number): boolean {
  return numbers[lowerBound(numbers, value)] === value;
}

/** One ascending list of two, doubles once. */
export function mergeSorted(a: Ascending, b: Ascending): number[] {
  const merged: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const x = a[i] ?? Infinity;
    const y = b[j] ?? Infinity;
    merged.push(Math.min(x, y));
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return merged;
}

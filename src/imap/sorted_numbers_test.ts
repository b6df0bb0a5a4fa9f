import assert from "node:assert/strict";
import { includesSorted, lowerBound, mergeSorted } from "./sorted_numbers.ts";

/** Lists without gaps, with few, with many, and the short ones. */
const LISTS: readonly (readonly number[])[] = [
  [],
  [7],
  [0, 1],
  Array.from({ length: 100 }, (_, n) => n + 5),
  Array.from({ length: 100 }, (_, n) => n + 5).filter((n) => n % 17 !== 3),
  Array.from({ length: 60 }, (_, n) => n * n),
  [...Array.from({ length: 50 }, (_, n) => n + 1), 4_000_000_000],
];

Deno.test("lowerBound is where a number stands or would stand", () => {
  for (const list of LISTS) {
    for (let value = 0; value <= (list.at(-1) ?? 0) + 2 && value < 4_000;) {
      for (let count = 0; count <= list.length; count++) {
        const found = list.slice(0, count).findIndex((one) => one >= value);
        const wanted = found < 0 ? count : found;
        assert.equal(lowerBound(list, value, count), wanted);
      }
      assert.equal(includesSorted(list, value), list.includes(value));
      value++;
    }
    assert.equal(lowerBound(list, Infinity), list.length);
  }
  assert.equal(lowerBound(LISTS.at(-1) ?? [], 4_000_000_000), 50);
});

Deno.test("mergeSorted has each number of both once", () => {
  assert.deepEqual(mergeSorted([1, 3, 5], [2, 3, 9]), [1, 2, 3, 5, 9]);
  assert.deepEqual(mergeSorted([], [4]), [4]);
});

import assert from "node:assert/strict";
import { wordsWith } from "./block_query.ts";
import { WORD_START } from "./search_schema.ts";

const _ = WORD_START;
const WORDS = ["A", "BA", "AB", "BAB", "", "C", "AA", "A"];
const VOCABULARY = _ + WORDS.map((word) => word + _).join("");

/** Ids, from 10 on, of the words that `fits` takes. */
function idsOf(fits: (word: string) => boolean): number[] {
  return WORDS.flatMap((word, n) => fits(word) ? [n + 10] : []);
}

Deno.test("words are found in a vocabulary by any part, once each", () => {
  const ids = (pattern: string): number[] => [
    ...wordsWith(VOCABULARY, 10, pattern),
  ];
  for (const text of ["A", "B", "AB", "BA", "C", "AA", "X"]) {
    assert.deepEqual(ids(text), idsOf((word) => word.includes(text)));
    assert.deepEqual(ids(_ + text), idsOf((word) => word.startsWith(text)));
    assert.deepEqual(ids(text + _), idsOf((word) => word.endsWith(text)));
    assert.deepEqual(ids(_ + text + _), idsOf((word) => word === text));
  }
  assert.deepEqual([...wordsWith(_, 10, _)], []);
  assert.deepEqual(ids(""), idsOf(() => true));
});

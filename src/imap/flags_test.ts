import assert from "node:assert/strict";
import {
  bitOf,
  difference,
  flagNames,
  flagSetOf,
  hasBit,
  union,
  withBit,
} from "./flags.ts";

const KEYWORDS = Array.from({ length: 48 }, (_, n) => `$k${n}`);

Deno.test("every one of 53 bits can be set, found and taken away", () => {
  for (let bit = 0; bit < 53; bit++) {
    const set = withBit(0, bit);
    assert.equal(set, 2 ** bit);
    assert.ok(hasBit(set, bit));
    assert.equal(withBit(set, bit), set);
    assert.equal(union(set, 1), bit === 0 ? 1 : set + 1);
    assert.equal(difference(union(set, 1), set), bit === 0 ? 0 : 1);
    for (let other = 0; other < 53; other++) {
      assert.equal(hasBit(set, other), other === bit);
    }
  }
  const all = 2 ** 53 - 1;
  assert.equal(difference(all, 2 ** 52 + 2 ** 31), all - 2 ** 52 - 2 ** 31);
  assert.equal(union(2 ** 52, 2 ** 31), 2 ** 52 + 2 ** 31);
});

Deno.test("flags have names in any case of letters", () => {
  const set = flagSetOf(["\\SEEN", "$K47", "$unknown"], KEYWORDS);
  assert.deepEqual(flagNames(set, KEYWORDS), ["\\Seen", "$k47"]);
  assert.equal(bitOf("$unknown", KEYWORDS), undefined);
});

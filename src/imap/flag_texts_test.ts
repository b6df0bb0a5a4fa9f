import assert from "node:assert/strict";
import { FlagTexts } from "./flag_texts.ts";

const PLAIN = { recent: false };
const RECENT = { recent: true };

Deno.test("texts are those of the keywords at hand", () => {
  const texts = new FlagTexts();
  const keywords = ["$a"];
  assert.equal(texts.of(33, keywords, PLAIN), "(\\Seen $a)");
  assert.equal(texts.of(33, keywords, RECENT), "(\\Seen $a \\Recent)");
  assert.equal(texts.of(33, keywords, PLAIN), "(\\Seen $a)");
  assert.equal(texts.of(96, keywords, PLAIN), "($a)");
  assert.equal(texts.of(96, ["$a", "$b"], PLAIN), "($a $b)");
  assert.equal(texts.of(0, ["$a", "$b"], RECENT), "(\\Recent)");
  for (let set = 0; set < 1_000; set++) texts.of(set, keywords, PLAIN);
  assert.equal(texts.of(1, keywords, PLAIN), "(\\Seen)");
});

import assert from "node:assert/strict";
import { nearestWord } from "./nearest_word.ts";

Deno.test("nearestWord finds slips and leaves strangers alone", () => {
  const known = ["hostname", "domains", "smtp", "imap", "state_dir", "tls"];
  assert.equal(nearestWord("hostnam", known), "hostname");
  assert.equal(nearestWord("stmp", known), "smtp");
  assert.equal(nearestWord("state-dir", known), "state_dir");
  assert.equal(nearestWord("TLS", known), "tls");
  assert.equal(nearestWord("colour", known), undefined);
  assert.equal(nearestWord("", known), undefined);
  assert.equal(nearestWord("x".repeat(10_000), known), undefined);
});

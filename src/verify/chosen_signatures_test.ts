import assert from "node:assert/strict";
import { HeaderBlock } from "#src/message/header_block.ts";
import { chosenSignatures } from "./chosen_signatures.ts";

function chosen(...values: readonly string[]): readonly string[] {
  const fields = values.map((value) => `DKIM-Signature: ${value}\r\n`);
  const header = new HeaderBlock(
    new TextEncoder().encode(`${fields.join("")}From: a@b.test\r\n\r\n`),
  );
  return chosenSignatures(header).map((field) =>
    new TextDecoder().decode(header.rawValue(field)).trim()
  );
}

Deno.test("at most ten signatures are looked at, the topmost ones", () => {
  const many = Array.from({ length: 1000 }, (_, i) => `s=s${i}`);
  assert.deepEqual(chosen(...many), many.slice(0, 10));
});

Deno.test("signatures cannot ask for any number of passes over the body", () => {
  const lengths = Array.from({ length: 9 }, (_, i) => `c=relaxed; l=${i}`);
  assert.deepEqual(chosen(...lengths, "c=relaxed;l=1"), [
    "c=relaxed; l=0",
    "c=relaxed; l=1",
    "c=relaxed; l=2",
    "c=relaxed;l=1",
  ]);
});

Deno.test("usual signatures are all looked at", () => {
  const usual = [
    "a=rsa-sha256; c=relaxed/relaxed; d=a.test",
    "a=ed25519-sha256; c=relaxed/relaxed; d=a.test",
    "a=rsa-sha256; c=relaxed/\r\n simple; d=b.test",
    "a=rsa-sha256; c=simple/simple; d=c.test",
    "a=rsa-sha256; d=d.test; l=100",
  ];
  assert.equal(chosen(...usual).length, 5);
});

Deno.test("a signature of absurd length is passed over", () => {
  assert.deepEqual(chosen(`h=${"a:".repeat(10_000)}from`, "d=a.test"), [
    "d=a.test",
  ]);
});

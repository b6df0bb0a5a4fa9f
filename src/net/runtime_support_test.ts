import assert from "node:assert/strict";
import { isOlder, tlsForUpgrade } from "./runtime_support.ts";

Deno.test("versions compare by number", () => {
  assert.ok(isOlder("2.7.9", "2.7.14"));
  assert.ok(isOlder("2.6.10", "2.7.14"));
  assert.ok(!isOlder("2.9.6", "2.7.14"));
  assert.ok(!isOlder("2.7.14", "2.7.14"));
  assert.ok(!isOlder("3.0.0-rc.1", "2.7.14"));
});

Deno.test("a runtime that cannot begin TLS later offers none", () => {
  assert.equal(tlsForUpgrade("contexts", "2.7.13"), undefined);
  assert.equal(tlsForUpgrade("contexts", "2.7.14"), "contexts");
  assert.equal(tlsForUpgrade(undefined, "2.9.6"), undefined);
});

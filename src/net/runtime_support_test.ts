import assert from "node:assert/strict";
import { isOlder } from "./runtime_support.ts";

Deno.test("versions compare by number", () => {
  assert.ok(isOlder("2.7.9", "2.7.14"));
  assert.ok(isOlder("2.6.10", "2.7.14"));
  assert.ok(!isOlder("2.9.6", "2.7.14"));
  assert.ok(!isOlder("2.7.14", "2.7.14"));
  assert.ok(!isOlder("3.0.0-rc.1", "2.7.14"));
});

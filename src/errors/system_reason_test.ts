import assert from "node:assert/strict";
import { systemFailure, systemReason } from "./system_reason.ts";

Deno.test("the reason of a failed call is what the system says", () => {
  try {
    Deno.readTextFileSync("/nowhere/at all");
    assert.fail();
  } catch (error) {
    assert.equal(systemReason(error), "No such file or directory");
    assert.equal(
      systemFailure(error),
      "/nowhere/at all: No such file or directory",
    );
  }
  assert.equal(systemReason(new Error("It broke")), "It broke");
  assert.equal(systemReason("text"), "text");
  assert.equal(systemFailure(new Error("It broke")), undefined);
});

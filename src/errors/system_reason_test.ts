import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import {
  isDiskFull,
  systemCode,
  systemFailure,
  systemReason,
} from "./system_reason.ts";

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

Deno.test("a full disk is known through the errors that wrap it", () => {
  const full = Object.assign(new Error("No space left"), { code: "ENOSPC" });
  const sqlite = Object.assign(new Error("database or disk is full"), {
    code: "ERR_SQLITE_ERROR",
  });
  for (const cause of [full, sqlite]) {
    assert.ok(isDiskFull(cause));
    assert.ok(isDiskFull(new Error("a", { cause: new Error("b", { cause }) })));
  }
  const circle = new Error("circle");
  circle.cause = circle;
  const others = [
    circle,
    new Error("database or disk is full"),
    Object.assign(new Error("Connection reset"), { code: "ECONNRESET" }),
    "ENOSPC",
    undefined,
  ];
  for (const other of others) assert.ok(!isDiskFull(other));
});

Deno.test("the system and SQLite say it in the way that is looked for", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const full = await Deno.open("/dev/full", { write: true });
  try {
    await assert.rejects(full.write(new Uint8Array(1)), isDiskFull);
  } finally {
    full.close();
  }
  const database = new DatabaseSync(":memory:");
  try {
    database.exec("CREATE TABLE t (x); PRAGMA max_page_count = 3");
    assert.throws(
      () => database.exec("INSERT INTO t VALUES (zeroblob(100000))"),
      isDiskFull,
    );
  } finally {
    database.close();
  }
});

Deno.test("what the system calls an error is found through its causes", () => {
  const reset = Object.assign(new Error("reset"), { code: "ECONNRESET" });
  assert.equal(systemCode(new Error("a", { cause: reset })), "ECONNRESET");
  const sqlite = Object.assign(new Error("database or disk is full"), {
    code: "ERR_SQLITE_ERROR",
  });
  assert.equal(systemCode(sqlite), "ENOSPC");
  const ours = Object.assign(new Error("x"), { code: "ERR_INVALID_ARG" });
  for (const other of [ours, new TypeError("y"), "ENOSPC", undefined]) {
    assert.equal(systemCode(other), undefined);
  }
});

import assert from "node:assert/strict";
import { TaskGroup } from "./task_group.ts";

Deno.test("closing aborts the tasks and waits for them", async () => {
  const failures: string[] = [];
  const group = new TaskGroup((name) => failures.push(name));
  let ended = false;
  group.spawn("waits", async (signal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    await Promise.resolve();
    ended = true;
    throw new Error("aborted tasks may reject");
  });
  assert.equal(group.size, 1);
  await group.close();
  assert.ok(ended);
  assert.deepEqual(failures, []);
  group.spawn("late", () => Promise.reject(new Error("never started")));
  assert.equal(group.size, 0);
});

Deno.test("a task that fails by itself is reported", async () => {
  const failures: unknown[] = [];
  const group = new TaskGroup((name, error) => failures.push([name, error]));
  const error = new Error("broken");
  group.spawn("fails", () => Promise.reject(error));
  await group.idle();
  assert.deepEqual(failures, [["fails", error]]);
});

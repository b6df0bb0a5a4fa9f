import assert from "node:assert/strict";
import { DeadlineError, withDeadline } from "./deadline.ts";
import { Mutex } from "./mutex.ts";

Deno.test("a task that takes too long is aborted", async () => {
  let reason: unknown;
  const late = withDeadline("the task", 1, (signal) => {
    signal.addEventListener("abort", () => reason = signal.reason);
    return new Promise<never>(() => {});
  });
  await assert.rejects(late, DeadlineError);
  assert.ok(reason instanceof DeadlineError);
});

Deno.test("a task in time gives its result or its error", async () => {
  const task = () => Promise.resolve(5);
  assert.equal(await withDeadline("x", 60_000, task), 5);
  const failing = () => Promise.reject(new Error("no"));
  await assert.rejects(withDeadline("x", 60_000, failing), /no/);
});

Deno.test("the outer signal ends the task with its own reason", async () => {
  const outer = new AbortController();
  const task = withDeadline(
    "x",
    60_000,
    () => new Promise<never>(() => {}),
    outer.signal,
  );
  outer.abort(new Error("enough"));
  await assert.rejects(task, /enough/);
  const { signal } = outer;
  const never = (): Promise<never> => assert.fail("started");
  await assert.rejects(withDeadline("x", 1, never, signal), /enough/);
});

Deno.test("a mutex runs sections one after another, also after a failure", async () => {
  const mutex = new Mutex();
  const order: string[] = [];
  const section = (name: string) => async (): Promise<string> => {
    order.push(`${name} begins`);
    await Promise.resolve();
    order.push(`${name} ends`);
    if (name === "b") throw new Error("b fails");
    return name;
  };
  const results = await Promise.allSettled(
    ["a", "b", "c"].map((name) => mutex.run(section(name))),
  );
  assert.deepEqual(order, [
    "a begins",
    "a ends",
    "b begins",
    "b ends",
    "c begins",
    "c ends",
  ]);
  assert.deepEqual(results.map(({ status }) => status), [
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
});

import assert from "node:assert/strict";
import { BoundedQueue } from "./bounded_queue.ts";

Deno.test("a full queue makes the producer wait, in order", async () => {
  const queue = new BoundedQueue<number>(2);
  const pushed: number[] = [];
  const producer = (async () => {
    for (let i = 0; i < 6; i++) {
      await queue.push(i);
      pushed.push(i);
    }
    queue.close();
  })();
  await Promise.resolve();
  await Promise.resolve();
  assert.ok(queue.size <= 2);
  const taken = await Array.fromAsync(queue);
  await producer;
  assert.deepEqual(taken, [0, 1, 2, 3, 4, 5]);
});

Deno.test("closing ends who waits and keeps what is there", async () => {
  const queue = new BoundedQueue<string>(1);
  const waiting = queue.next();
  queue.close();
  assert.ok((await waiting).done);
  assert.ok(!queue.tryPush("x"));
  const full = new BoundedQueue<string>(1);
  assert.ok(full.tryPush("a"));
  assert.ok(!full.tryPush("b"));
  const blocked = full.push("b");
  full.close();
  await blocked;
  assert.deepEqual(await Array.fromAsync(full), ["a"]);
});

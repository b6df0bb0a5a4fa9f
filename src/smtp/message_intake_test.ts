import assert from "node:assert/strict";
import type { MessageSource } from "./backend.ts";
import { SMTP_LIMITS } from "./limits.ts";
import { MessageIntake } from "./message_intake.ts";

const MAX = 1024 * 1024;

/** Reads all, says how it came. */
async function readAll(message: MessageSource): Promise<readonly unknown[]> {
  if (message instanceof Uint8Array) return ["whole", message.length];
  let length = 0;
  for await (const chunk of message) length += chunk.length;
  return ["stream", length];
}

Deno.test("a small message is handed over whole, in one array", async () => {
  const intake = new MessageIntake(readAll, MAX);
  for (let i = 0; i < 10; i++) {
    assert.equal(intake.write(new Uint8Array(100)), undefined);
  }
  assert.ok(!intake.handedOver);
  assert.deepEqual(await intake.end(), ["whole", 1000]);
});

Deno.test("pieces are joined in order, single bytes too", async () => {
  const expected = Uint8Array.from({ length: 20_000 }, (_, i) => i % 251);
  for (const size of [1, 3, 4096, 20_000]) {
    const intake = new MessageIntake((message) => {
      assert.ok(message instanceof Uint8Array);
      assert.deepEqual(message, expected);
      return Promise.resolve([true]);
    }, MAX);
    for (let at = 0; at < expected.length; at += size) {
      await intake.write(expected.subarray(at, at + size));
    }
    assert.deepEqual(await intake.end(), [true]);
  }
});

Deno.test("what is handed over pins no larger buffer", async () => {
  const read = new Uint8Array(64 * 1024);
  const intake = new MessageIntake((message) => {
    assert.ok(message instanceof Uint8Array);
    return Promise.resolve([message.buffer.byteLength]);
  }, MAX);
  void intake.write(read.subarray(0, 2000));
  assert.deepEqual(await intake.end(), [2000]);
});

Deno.test("a large message becomes a stream", async () => {
  const intake = new MessageIntake(readAll, MAX);
  for (let i = 0; i < 10; i++) await intake.write(new Uint8Array(30_000));
  assert.ok(intake.handedOver);
  assert.deepEqual(await intake.end(), ["stream", 300_000]);
});

Deno.test("a reader that does not read stops the writer", async () => {
  const go = Promise.withResolvers<void>();
  const intake = new MessageIntake(async (message) => {
    await go.promise;
    return await readAll(message);
  }, MAX);
  let written = 0;
  let waiting: Promise<void> | undefined;
  while (waiting === undefined) {
    written += 16 * 1024;
    waiting = intake.write(new Uint8Array(16 * 1024));
    assert.ok(written < 2 * SMTP_LIMITS.streamBytes, "memory has no bound");
  }
  go.resolve();
  await waiting;
  assert.deepEqual(await intake.end(), ["stream", written]);
});

Deno.test("single bytes fill the bound of the stream sooner", async () => {
  const intake = new MessageIntake(async (message) => {
    await never.promise;
    return await readAll(message);
  }, MAX);
  const never = Promise.withResolvers<void>();
  await intake.write(new Uint8Array(SMTP_LIMITS.wholeMessageBytes + 1));
  let chunks = 0;
  while (intake.write(new Uint8Array(1)) === undefined) chunks++;
  assert.ok(chunks < 1000, `${chunks} chunks of one byte are held`);
  never.resolve();
  await intake.end();
});

Deno.test("too large: the stream errors, the rest is thrown away", async () => {
  let seen: unknown;
  const intake = new MessageIntake<undefined>(async (message) => {
    try {
      await readAll(message);
    } catch (error) {
      seen = error;
      throw new TypeError("the backend has its own opinion");
    }
    return [];
  }, 100_000);
  for (let i = 0; i < 12; i++) await intake.write(new Uint8Array(10_000));
  assert.ok(!intake.isHopeless);
  await assert.rejects(intake.end(), { code: 552, enhanced: "5.3.4" });
  assert.match(String(seen), /too large/);
  for (let i = 0; i < 10; i++) await intake.write(new Uint8Array(10_000));
  assert.ok(intake.isHopeless);
});

Deno.test("a small message that is refused never reaches the backend", async () => {
  const intake = new MessageIntake<undefined>(() => {
    throw new Error("must not be called");
  }, MAX);
  void intake.write(new Uint8Array(10));
  intake.fail(new Error("bare LF"));
  await assert.rejects(intake.end(), /bare LF/);
  assert.ok(!intake.handedOver);
});

Deno.test("a backend that gives up early does not block the sender", async () => {
  for (const outcome of ["rejects", "cancels", "ignores"] as const) {
    const intake = new MessageIntake<string>(async (message) => {
      assert.ok(message instanceof ReadableStream);
      if (outcome === "rejects") throw new Error("not wanted");
      if (outcome === "cancels") await message.cancel();
      return [outcome];
    }, MAX);
    for (let i = 0; i < 60; i++) await intake.write(new Uint8Array(16_000));
    if (outcome === "rejects") {
      await assert.rejects(intake.end(), /not wanted/);
    } else assert.deepEqual(await intake.end(), [outcome]);
  }
});

Deno.test("a backend that breaks lets the waiting sender go on, up to a bound", async () => {
  const full = Promise.withResolvers<void>();
  const intake = new MessageIntake<undefined>(async () => {
    await full.promise;
    return [];
  }, MAX);
  let waiting: Promise<void> | undefined;
  while (waiting === undefined) waiting = intake.write(new Uint8Array(16_000));
  assert.ok(!intake.isDecided);
  full.reject(new Error("no room"));
  await waiting;
  assert.ok(intake.isDecided);
  assert.equal(intake.failure, undefined);
  while (intake.size <= MAX) {
    assert.equal(intake.write(new Uint8Array(16_000)), undefined);
  }
  // Nobody reads it, and still it must not go on for ever.
  while (intake.size <= MAX * SMTP_LIMITS.refusedFactor) {
    assert.ok(!intake.isHopeless);
    assert.equal(intake.write(new Uint8Array(16_000)), undefined);
  }
  assert.ok(intake.isHopeless);
  await assert.rejects(intake.end(), { code: 552 });
});

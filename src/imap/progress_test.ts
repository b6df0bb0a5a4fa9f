import assert from "node:assert/strict";
import { FakeClock } from "#tests/support/fake_clock.ts";
import { message, withImap } from "#tests/support/imap_server.ts";
import { until } from "#tests/support/until.ts";
import { formatProgress } from "./progress.ts";

Deno.test("long work shows signs of life, short work none", () => {
  const clock = new FakeClock();
  return withImap(async (server) => {
    const c = await server.select();
    await c.append(message("x"));
    assert.match(await c.ok("COPY 1 INBOX"), /^T\d+ OK|^\* 2 EXISTS/);
    const gate = Promise.withResolvers<void>();
    server.storage.onCall = (method) =>
      method === "copy" ? gate.promise : undefined;
    await c.raw('a"1 NOOP\r\n');
    await c.line();
    await c.raw("a1 COPY 1 INBOX\r\n");
    await until("the timer runs", () => clock.sleeping === 1);
    clock.advance(10_000);
    assert.equal(
      await c.line(),
      '* OK [INPROGRESS ("a1" NIL NIL)] Still at it',
    );
    await until("the timer runs", () => clock.sleeping === 1);
    clock.advance(10_000);
    assert.match(await c.line(), /INPROGRESS/);
    gate.resolve();
    assert.doesNotMatch(await c.until("a1 OK"), /INPROGRESS/);
  }, { clock });
});

Deno.test("tags are quoted, numbers told where they are known", () => {
  assert.equal(
    formatProgress('a"\\', { done: 5, total: 10 }),
    '* OK [INPROGRESS ("a\\"\\\\" 5 10)] Still at it',
  );
  assert.equal(
    formatProgress("a", { done: 5, total: undefined }),
    '* OK [INPROGRESS ("a" 5 NIL)] Still at it',
  );
});

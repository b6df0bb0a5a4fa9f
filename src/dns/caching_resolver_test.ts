import assert from "node:assert/strict";
import { CachingResolver } from "./caching_resolver.ts";
import { DnsError } from "./resolver.ts";
import { FakeClock } from "#tests/support/fake_clock.ts";
import { FakeResolver } from "#tests/support/fake_resolver.ts";

function setup(maxEntries = 100) {
  const clock = new FakeClock();
  const inner = new FakeResolver({
    "a.test": { a: ["192.0.2.1"] },
    "b.test": { a: ["192.0.2.2"] },
    "bad.test": { error: "servfail" },
  });
  const resolver = new CachingResolver(inner, clock, {
    maxEntries,
    positiveMs: 1000,
    negativeMs: 100,
  });
  return { clock, inner, resolver };
}

Deno.test("an answer is kept for its time", async () => {
  const { clock, inner, resolver } = setup();
  await resolver.a("a.test");
  await resolver.a("A.test");
  assert.equal(inner.queries.length, 1);
  clock.advance(1001);
  await resolver.a("a.test");
  assert.equal(inner.queries.length, 2);
});

Deno.test("equal questions under way are asked once", async () => {
  const { inner, resolver } = setup();
  const answers = await Promise.all([
    resolver.a("a.test"),
    resolver.a("a.test"),
    resolver.aaaa("a.test").catch(() => "none"),
  ]);
  assert.deepEqual(answers, [["192.0.2.1"], ["192.0.2.1"], "none"]);
  assert.deepEqual(inner.queries, ["a a.test", "aaaa a.test"]);
});

Deno.test("absence is kept, a failing server is not", async () => {
  const { clock, inner, resolver } = setup();
  for (let i = 0; i < 2; i++) {
    await assert.rejects(resolver.a("absent.test"), DnsError);
    await assert.rejects(resolver.a("bad.test"), DnsError);
  }
  assert.deepEqual(inner.queries, [
    "a absent.test",
    "a bad.test",
    "a bad.test",
  ]);
  clock.advance(101);
  await assert.rejects(resolver.a("absent.test"), DnsError);
  assert.equal(inner.queries.length, 4);
});

Deno.test("the cache keeps to its bound and drops the oldest", async () => {
  const { inner, resolver } = setup(1);
  await resolver.a("a.test");
  await resolver.a("b.test");
  await resolver.a("b.test");
  await resolver.a("a.test");
  assert.deepEqual(inner.queries, ["a a.test", "a b.test", "a a.test"]);
});

Deno.test("huge answers are given but not kept", async () => {
  const inner = new FakeResolver({
    "big.test": { txt: Array.from({ length: 250 }, () => ["x".repeat(255)]) },
    "many.test": { a: Array.from({ length: 256 }, (_, i) => `192.0.2.${i}`) },
    "small.test": { txt: [["v=spf1 -all"]] },
  });
  const resolver = new CachingResolver(inner, new FakeClock());
  for (let i = 0; i < 2; i++) {
    assert.equal((await resolver.txt("big.test")).length, 250);
    assert.equal((await resolver.a("many.test")).length, 256);
    assert.equal((await resolver.txt("small.test")).length, 1);
  }
  assert.deepEqual(inner.queries, [
    "txt big.test",
    "a many.test",
    "txt small.test",
    "txt big.test",
    "a many.test",
  ]);
});

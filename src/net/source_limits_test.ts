import assert from "node:assert/strict";
import { FakeClock } from "#tests/support/fake_clock.ts";
import { LoginLimits } from "./login_limits.ts";
import { SlidingCount } from "./sliding_count.ts";
import { SourceLimits } from "./source_limits.ts";
import { isLoopback, prefixesOf, tryParseAddress } from "./source_prefix.ts";

Deno.test("addresses have their networks, narrowest first", () => {
  assert.deepEqual(prefixesOf("192.0.2.7"), [
    "c0000207/32",
    "c00002/24",
    "c000/16",
  ]);
  assert.deepEqual(prefixesOf("2001:db8:1:2:3:4:5:6"), [
    "20010db8000100020003000400050006/128",
    "20010db800010002/64",
    "20010db80001/48",
  ]);
  assert.deepEqual(prefixesOf("2001:DB8::1")[2], "20010db80000/48");
});

Deno.test("what is no address has no networks", () => {
  const wrong = [
    "",
    "1.2.3",
    "1.2.3.256",
    "1.2.3.4.5",
    ":::",
    "1::2::3",
    "g::",
  ];
  for (const text of [...wrong, "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9"]) {
    assert.equal(tryParseAddress(text), undefined, text);
    assert.deepEqual(prefixesOf(text), []);
  }
  assert.deepEqual([...tryParseAddress("::ffff:1.2.3.4") ?? []].slice(10), [
    255,
    255,
    1,
    2,
    3,
    4,
  ]);
});

Deno.test("loopback is this machine and nothing else", () => {
  for (const text of ["127.0.0.1", "127.8.8.8", "::1"]) {
    assert.ok(isLoopback(text));
  }
  for (const text of ["128.0.0.1", "127.evil.test", "::2"]) {
    assert.ok(!isLoopback(text));
  }
});

const SETTINGS = { maxConnections: 2, maxPerMinute: 0, countLoopback: false };

Deno.test("a source has its connections, its network three times as many", () => {
  const limits = new SourceLimits(SETTINGS, new FakeClock());
  const release = limits.admit("192.0.2.1");
  assert.ok(limits.admit("192.0.2.1"));
  assert.equal(limits.admit("192.0.2.1"), undefined);
  for (const host of [2, 3]) {
    assert.ok(limits.admit(`192.0.2.${host}`));
    assert.ok(limits.admit(`192.0.2.${host}`));
  }
  assert.equal(limits.admit("192.0.2.4"), undefined);
  assert.ok(limits.admit("192.0.3.4"));
  release?.();
  assert.ok(limits.admit("192.0.2.4"));
});

Deno.test("this machine is counted only where that is said", () => {
  const free = new SourceLimits(SETTINGS, new FakeClock());
  for (let i = 0; i < 100; i++) assert.ok(free.admit("127.0.0.1"));
  const counted = new SourceLimits(
    { ...SETTINGS, countLoopback: true },
    new FakeClock(),
  );
  assert.ok(counted.admit("::1"));
  assert.ok(counted.admit("::1"));
  assert.equal(counted.admit("::1"), undefined);
});

Deno.test("new connections a minute are counted though they are gone", () => {
  const clock = new FakeClock();
  const limits = new SourceLimits(
    { maxConnections: 0, maxPerMinute: 5, countLoopback: false },
    clock,
  );
  for (let i = 0; i < 5; i++) limits.admit("192.0.2.1")?.();
  assert.equal(limits.admit("192.0.2.1"), undefined);
  clock.advance(121_000);
  assert.ok(limits.admit("192.0.2.1"));
});

Deno.test("a window slides instead of jumping", () => {
  const count = new SlidingCount(1000);
  for (let i = 0; i < 10; i++) count.add("a", 900);
  assert.equal(count.count("a", 900), 10);
  assert.equal(count.count("a", 1500), 5);
  assert.equal(count.count("a", 2000), 0);
  assert.equal(count.count("b", 900), 0);
});

Deno.test("counters have a bound of keys", () => {
  const count = new SlidingCount(1000, 3);
  for (const key of ["a", "b", "c", "d"]) count.add(key, 0);
  assert.equal(count.count("a", 0), 0);
  assert.equal(count.count("d", 0), 1);
});

Deno.test("ten wrong passwords a minute are enough, others may go on", () => {
  const clock = new FakeClock();
  const limits = new LoginLimits(clock);
  for (let i = 0; i < 10; i++) {
    assert.ok(limits.mayTry("192.0.2.1", "alice"));
    limits.failed("192.0.2.1", "alice");
  }
  assert.ok(!limits.mayTry("192.0.2.1", "alice"));
  assert.ok(!limits.mayTry("192.0.2.1", "bob"));
  // The account is closed to that network, not to its owner elsewhere.
  assert.ok(!limits.mayTry("192.0.9.9", "ALICE"));
  assert.ok(limits.mayTry("198.51.100.1", "alice"));
  clock.advance(120_000);
  assert.ok(limits.mayTry("192.0.2.1", "alice"));
});

Deno.test("fifty wrong passwords a day are enough", () => {
  const clock = new FakeClock(0);
  const limits = new LoginLimits(clock);
  for (let i = 0; i < 50; i++) {
    limits.failed("192.0.2.1", `user${i}`);
    clock.advance(60_000);
  }
  assert.ok(!limits.mayTry("192.0.2.1", "alice"));
  clock.advance(48 * 3_600_000);
  assert.ok(limits.mayTry("192.0.2.1", "alice"));
});

import assert from "node:assert/strict";
import {
  duration,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
} from "./quantities.ts";

Deno.test("parseDuration reads units that fall, and nothing else", () => {
  assert.equal(parseDuration("0"), 0);
  assert.equal(parseDuration("500ms"), 500);
  assert.equal(parseDuration("90s"), 90_000);
  assert.equal(parseDuration("1h30m"), 5_400_000);
  assert.equal(parseDuration("1w2d3h4m5s6ms"), 788_645_006);
  const wrong = ["", "5", "1.5h", "-1s", "1e3s", "5m1h", "5m5m", "1 s", "1H"];
  for (const text of [...wrong, "9999999999999999w", "999999999999w"]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

Deno.test("formatDuration writes what parseDuration reads", () => {
  for (const ms of [0, 1, 999, 1000, 61_000, 5_400_000, 788_645_006]) {
    assert.equal(parseDuration(formatDuration(ms)), ms);
  }
  assert.equal(formatDuration(5_400_000), "1h30m");
});

Deno.test("parseSize counts by 1024 and takes no loose numbers", () => {
  assert.equal(parseSize("0"), 0);
  assert.equal(parseSize("65536"), 65536);
  for (const text of ["64K", "64k", "64KB", "64KiB"]) {
    assert.equal(parseSize(text), 65536, text);
  }
  assert.equal(parseSize("2T"), 2 ** 41);
  for (const text of ["", "1.5M", "0x10", "1e3", "-1", "5X", "K", "9999999T"]) {
    assert.equal(parseSize(text), undefined, text);
  }
});

Deno.test("formatSize writes what parseSize reads", () => {
  for (const bytes of [0, 1, 1023, 1024, 1025, 52_428_800, 2 ** 41]) {
    assert.equal(parseSize(formatSize(bytes)), bytes);
  }
  assert.equal(formatSize(52_428_800), "50M");
});

Deno.test("a default that cannot be read is a fault of the program", () => {
  assert.throws(() => duration({ doc: "x", default: "5" }), TypeError);
});

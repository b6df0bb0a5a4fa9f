import assert from "node:assert/strict";
import { cidrContains, formatCidr, parseCidr } from "./cidr.ts";

function contains(network: string, address: string): boolean {
  const parsed = parseCidr(network);
  assert.ok(parsed !== undefined, network);
  return cidrContains(parsed, address);
}

Deno.test("cidrContains compares the bits of the prefix", () => {
  assert.ok(contains("10.0.0.0/8", "10.255.0.1"));
  assert.ok(!contains("10.0.0.0/8", "11.0.0.0"));
  assert.ok(contains("192.0.2.128/25", "192.0.2.200"));
  assert.ok(!contains("192.0.2.128/25", "192.0.2.127"));
  assert.ok(contains("0.0.0.0/0", "203.0.113.1"));
  assert.ok(!contains("0.0.0.0/0", "2001:db8::1"));
  assert.ok(contains("2001:db8::/33", "2001:db8:7fff::1"));
  assert.ok(!contains("2001:db8::/33", "2001:db8:8000::1"));
  assert.ok(contains("192.0.2.1", "::ffff:192.0.2.1"));
  assert.ok(!contains("192.0.2.1", "no address"));
});

Deno.test("parseCidr refuses what only looks like a network", () => {
  const wrong = [
    "",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "1.2.3.256",
    "1.2.3.4/33",
    "1.2.3.4/",
    "1.2.3.4/8/8",
    "::1::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "::/129",
    "fe80::1%eth0",
  ];
  for (const text of wrong) assert.equal(parseCidr(text), undefined, text);
});

Deno.test("formatCidr writes what parseCidr reads", () => {
  for (const text of ["10.0.0.0/8", "2001:db8::/32", "::/0", "::1"]) {
    const parsed = parseCidr(text);
    assert.ok(parsed !== undefined);
    assert.deepEqual(parseCidr(formatCidr(parsed)), parsed);
  }
});

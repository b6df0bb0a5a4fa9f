import assert from "node:assert/strict";
import { isOwnAddress } from "./remote_route.ts";

Deno.test("loopback is ourselves, however it is written", () => {
  const own = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",
    "::",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::0001",
    "::0.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::FFFF:7F00:0001",
    "::ffff:0:0",
    "64:ff9b::127.0.0.1",
  ];
  for (const address of own) assert.ok(isOwnAddress(address), address);
  const others = ["128.0.0.1", "1.127.0.0", "2001:db8::1", "::2", "fe80::1"];
  for (const address of others) assert.ok(!isOwnAddress(address), address);
});

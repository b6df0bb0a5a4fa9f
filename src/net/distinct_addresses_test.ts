import assert from "node:assert/strict";
import { distinctAddresses } from "./distinct_addresses.ts";
import { formatListenAddress, parseListenAddress } from "./listener.ts";

function opened(version: string, ...texts: string[]): readonly string[] {
  const addresses = texts.flatMap((text) => parseListenAddress(text) ?? []);
  return distinctAddresses(addresses, version).map(formatListenAddress);
}

Deno.test("an old runtime opens one socket for both families", () => {
  const both = ["0.0.0.0:25", "[::]:25", "0.0.0.0:587", "127.0.0.1:25"];
  assert.deepEqual(opened("2.9.6", ...both), both);
  assert.deepEqual(opened("2.6.10", ...both), [
    "[::]:25",
    "0.0.0.0:587",
    "127.0.0.1:25",
  ]);
});

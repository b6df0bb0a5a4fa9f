import assert from "node:assert/strict";
import { listen } from "./listener.ts";
import { takenPorts } from "./taken_ports.ts";

Deno.test("a port that is shared with other workers counts as taken", async () => {
  const listener = await listen({ host: "127.0.0.1", port: 0 }, () => {});
  try {
    const { port } = listener.address;
    assert.deepEqual(takenPorts([listener.address]), [`127.0.0.1:${port}`]);
  } finally {
    await listener.close();
  }
  assert.deepEqual(takenPorts([listener.address]), []);
});

Deno.test("a free port and an address of another machine are not taken", () => {
  const addresses = [
    { host: "127.0.0.1", port: 0 },
    { host: "192.0.2.1", port: 25 },
  ];
  assert.deepEqual(takenPorts(addresses), []);
});

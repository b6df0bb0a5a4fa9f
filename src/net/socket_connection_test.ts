import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { ConnectionClosed, ConnectionTimeout } from "./connection_errors.ts";
import { listen } from "./listener.ts";
import { SocketConnection } from "./socket_connection.ts";

/** Runs both ends of one connection over loopback. */
async function withPair(
  run: (server: SocketConnection, client: Deno.TcpConn) => Promise<void>,
): Promise<void> {
  const accepted = Promise.withResolvers<Socket>();
  const listener = await listen(
    { host: "127.0.0.1", port: 0 },
    accepted.resolve,
  );
  const client = await Deno.connect({
    hostname: "127.0.0.1",
    port: listener.address.port,
  });
  const server = new SocketConnection(await accepted.promise);
  try {
    await run(server, client);
  } finally {
    await server.close();
    try {
      client.close();
    } catch {
      // The test has closed it.
    }
    await listener.close();
  }
}

Deno.test("bytes arrive as they were sent, then the end", () =>
  withPair(async (server, client) => {
    await client.write(new Uint8Array([1, 2, 3]));
    const read: number[] = [];
    while (read.length < 3) read.push(...await server.read(5000) ?? []);
    assert.deepEqual(read, [1, 2, 3]);
    assert.equal(server.remoteAddress, "127.0.0.1");
    await client.closeWrite();
    assert.equal(await server.read(5000), undefined);
    assert.equal(await server.read(5000), undefined);
  }));

Deno.test("a peer that does not read makes writes wait", () =>
  withPair(async (server, client) => {
    const chunk = new Uint8Array(64 * 1024);
    let written = 0;
    let isWaiting = false;
    const writing = (async () => {
      for (let n = 0; n < 400; n++) {
        isWaiting = true;
        await server.write(chunk);
        isWaiting = false;
        written += chunk.length;
      }
    })();
    const buffer = new Uint8Array(1024 * 1024);
    let read = await client.read(buffer) ?? 0;
    // The kernel takes some megabytes; what we hold is bounded.
    assert.ok(isWaiting || written < 400 * chunk.length);
    while (read < 400 * chunk.length) read += await client.read(buffer) ?? 0;
    await writing;
    assert.equal(read, 400 * chunk.length);
  }));

Deno.test("silence beyond the deadline closes the connection", () =>
  withPair(async (server, client) => {
    await assert.rejects(server.read(20), ConnectionTimeout);
    assert.ok(server.closed);
    await assert.rejects(server.write(new Uint8Array(1)), ConnectionTimeout);
    assert.equal(await client.read(new Uint8Array(1)).catch(() => null), null);
  }));

Deno.test("after silence something can be said where that is asked for", () =>
  withPair(async (server, client) => {
    const silence = server.read(20, { staysOpen: true });
    await assert.rejects(silence, ConnectionTimeout);
    assert.ok(!server.closed);
    await server.write(Uint8Array.of(7));
    await server.close();
    const buffer = new Uint8Array(2);
    assert.equal(await client.read(buffer), 1);
    assert.equal(buffer[0], 7);
    assert.equal(await client.read(buffer), null);
  }));

Deno.test("a peer that is gone rejects writes and ends reads", () =>
  withPair(async (server, client) => {
    client.close();
    assert.equal(await server.read(5000).catch(() => undefined), undefined);
    server.destroy();
    await assert.rejects(server.write(new Uint8Array(9)), ConnectionClosed);
  }));

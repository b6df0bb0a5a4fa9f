import assert from "node:assert/strict";
import { SILENT_LOG } from "#src/log/log.ts";
import { listen, type Listener } from "#src/net/listener.ts";
import { FakeClock } from "#tests/support/fake_clock.ts";
import type { SmtpBackend } from "./backend.ts";
import { SmtpServer } from "./server.ts";
import { DEFAULT_SMTP_SETTINGS, type SmtpSettings } from "./settings.ts";

/** Agrees to everything; `ended` counts. */
class FakeBackend implements SmtpBackend {
  opened = 0;
  ended = 0;

  open(): ReturnType<SmtpBackend["open"]> {
    this.opened++;
    return {
      connect: () => Promise.resolve(),
      helo: () => Promise.resolve(),
      mail: () => Promise.reject(new Error("no mail here")),
      end: () => {
        this.ended++;
      },
    };
  }
}

interface Running {
  readonly server: SmtpServer;
  readonly listener: Listener;
  readonly backend: FakeBackend;
  readonly clock: FakeClock;
  readonly connect: () => Promise<Deno.TcpConn>;
  readonly released: string[];
}

async function withServer(
  settings: Partial<SmtpSettings>,
  run: (running: Running) => Promise<void>,
): Promise<void> {
  const backend = new FakeBackend();
  const clock = new FakeClock();
  const released: string[] = [];
  const server = new SmtpServer({
    settings: { ...DEFAULT_SMTP_SETTINGS, ...settings },
    backend,
    clock,
    log: SILENT_LOG,
    loginLimits: { mayTry: () => true, failed() {} },
    admit: (address) => () => released.push(address),
  });
  server.start();
  const listener = await listen(
    { host: "127.0.0.1", port: 0 },
    (socket) => server.accept(socket),
  );
  const connect = (): Promise<Deno.TcpConn> =>
    Deno.connect({ hostname: "127.0.0.1", port: listener.address.port });
  try {
    await run({ server, listener, backend, clock, connect, released });
  } finally {
    await listener.close();
    await server.stop();
  }
}

async function readText(connection: Deno.Conn): Promise<string> {
  const bytes = new Uint8Array(1024);
  const count = await connection.read(bytes);
  return new TextDecoder().decode(bytes.subarray(0, count ?? 0));
}

Deno.test("the published key of the library is nowhere", async () => {
  await withServer({}, async ({ server }) => {
    assert.equal(server.secureContext.size, 0);
    server.updateSecureContext();
    assert.equal(server.secureContext.size, 0);
    await Promise.resolve();
  });
});

Deno.test("stop ends every connection and frees its place", async () => {
  await withServer({}, async ({ server, connect, backend, released }) => {
    const clients = await Promise.all([connect(), connect(), connect()]);
    for (const client of clients) assert.match(await readText(client), /^220 /);
    assert.equal(server.size, 3);
    await server.stop();
    assert.equal(server.size, 0);
    assert.equal(backend.ended, 3);
    assert.deepEqual(released, ["127.0.0.1", "127.0.0.1", "127.0.0.1"]);
    for (const client of clients) {
      assert.equal(await client.read(new Uint8Array(1)), null);
      client.close();
    }
  });
});

Deno.test("drain resolves when the last client is gone", async () => {
  await withServer({}, async ({ server, connect }) => {
    const client = await connect();
    assert.match(await readText(client), /^220 /);
    const drained = server.drain();
    assert.match(await readText(client), /^421 4\.3\.2 /);
    client.close();
    await drained;
    const late = await connect();
    assert.match(await readText(late), /^421 /);
    late.close();
  });
});

Deno.test("a client that never finishes its handshake is let go", async () => {
  await withServer(
    { implicitTls: true },
    async ({ connect, clock, server }) => {
      const client = await connect();
      while (server.size === 0) {
        await new Promise((done) => setTimeout(done, 1));
      }
      clock.advance(61_000);
      assert.equal(
        await client.read(new Uint8Array(1)).catch(() => null),
        null,
      );
      client.close();
    },
  );
});

Deno.test("a client that never reads does not fill the memory", async () => {
  await withServer({}, async ({ connect, server, clock }) => {
    const client = await connect();
    const noops = new TextEncoder().encode("HELP\r\n".repeat(10_000));
    let sent = 0;
    let isStuck = false;
    const sending = (async () => {
      try {
        while (sent < 200_000_000) sent += await client.write(noops);
      } catch {
        // The server has had enough.
      }
    })();
    for (let before = -1; !isStuck; before = sent) {
      isStuck = before === sent;
      await new Promise((done) => setTimeout(done, 200));
    }
    const [connection] = server.connections;
    const held = connection?._socket.writableLength ?? 0;
    assert.ok(held < 1024 * 1024, `${held} bytes of replies are held`);
    clock.advance(301_000);
    await sending;
    client.close();
  });
});

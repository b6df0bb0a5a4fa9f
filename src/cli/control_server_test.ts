import assert from "node:assert/strict";
import { StorageError } from "#src/errors/errors.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { UnixConnection } from "#src/net/unix_connection.ts";
import { exchange } from "./admin_client.ts";
import { type ByteReader, LineReader } from "./control_protocol.ts";
import {
  type ControlHandler,
  ControlServer,
  Upgrade,
} from "./control_server.ts";
import { lockState } from "./state_lock.ts";

async function withServer(
  handler: ControlHandler,
  use: (ask: (line: string) => Promise<unknown>, path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "epistle-control-" });
  const path = `${folder}/control.sock`;
  const server = await ControlServer.listen(path, handler, SILENT_LOG);
  const connection = await Deno.connect({ transport: "unix", path });
  const lines = new LineReader(connection, 1_000_000);
  try {
    await use(async (line) => {
      await connection.write(new TextEncoder().encode(`${line}\n`));
      return JSON.parse(await lines.next() ?? "null");
    }, path);
  } finally {
    connection.close();
    await server.close();
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("requests are answered one after another; mistakes keep their text", () =>
  withServer(({ instance, command, args }) => {
    if (command === "fail") {
      throw new StorageError("notFound", "No such account");
    }
    return Promise.resolve({ instance, command, args });
  }, async (ask, path) => {
    const request = { instance: "mail", command: "list", args: { a: 1 } };
    assert.deepEqual(await ask(JSON.stringify(request)), {
      ok: true,
      result: request,
    });
    assert.deepEqual(await ask('{"command":"fail"}'), {
      ok: false,
      message: "No such account",
    });
    for (const bad of ["", "null", "5", "{}", "{", '{"command":1}']) {
      const answer = await ask(bad) as { ok: boolean };
      assert.ok(!answer.ok, bad);
    }
    assert.deepEqual(await ask('{"command":"x"}'), {
      ok: true,
      result: { command: "x", args: {} },
    });
    const { mode } = await Deno.stat(path);
    assert.equal((mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("after an upgrade the connection speaks something else", () =>
  withServer(() =>
    Promise.resolve(
      new Upgrade(async (connection) => {
        const chunk = new Uint8Array(100);
        const count = await connection.read(chunk) ?? 0;
        await connection.write(chunk.subarray(0, count - 1).toReversed());
        await connection.write(Uint8Array.of(0x0a));
      }),
    ), async (ask) => {
    assert.deepEqual(await ask('{"command":"x"}'), { ok: true, result: null });
    assert.equal(await ask("4321"), 1234);
  }));

/** Gives chunks one after the other. */
function chunks(list: readonly string[]): ByteReader {
  const rest = list.map((text) => new TextEncoder().encode(text));
  return {
    read: (into) => {
      const next = rest.shift();
      into.set(next ?? []);
      return Promise.resolve(next?.length ?? null);
    },
  };
}

Deno.test("lines come out of any chunks, and one without end is given up", async () => {
  const lines = new LineReader(
    chunks(["a", "b\nc", "\n", "\n\u00e9\nrest"]),
    100,
  );
  const seen = [];
  for (let line = await lines.next(); line !== undefined;) {
    seen.push(line);
    line = await lines.next();
  }
  assert.deepEqual(seen, ["ab", "c", "", "\u00e9"]);
  const endless = Array.from({ length: 10 }, () => "x".repeat(100));
  await assert.rejects(new LineReader(chunks(endless), 500).next(), RangeError);
});

Deno.test("one holder at a time has the state", async () => {
  const folder = await Deno.makeTempDir({ prefix: "epistle-lock-" });
  try {
    const state = `${folder}/state`;
    const lock = await lockState(state, 0);
    const { mode } = await Deno.stat(state);
    assert.equal((mode ?? 0) & 0o777, 0o700);
    await assert.rejects(lockState(state, 0), /Another epistle/);
    const waiting = lockState(state, 30_000);
    lock.release();
    (await waiting).release();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what comes with the answer to an upgrade is read after it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "epistle-control-" });
  const path = `${folder}/control.sock`;
  const listener = Deno.listen({ transport: "unix", path });
  const served = (async () => {
    const peer = await listener.accept();
    await peer.read(new Uint8Array(1_000));
    const answer = '{"ok":true,"result":null}\n* PREAUTH hello\r\n';
    await peer.write(new TextEncoder().encode(answer));
    peer.close();
  })();
  const socket = await Deno.connect({ transport: "unix", path });
  const request = { instance: "x", command: "imap", args: {} };
  const { rest } = await exchange(socket, request);
  await served;
  const connection = new UnixConnection(socket, rest);
  try {
    const first = await connection.read(1_000);
    assert.equal(new TextDecoder().decode(first), "* PREAUTH hello\r\n");
    assert.equal(await connection.read(1_000), undefined);
  } finally {
    connection.destroy();
    listener.close();
    await Deno.remove(folder, { recursive: true });
  }
});

import assert from "node:assert/strict";
import { StorageError } from "#src/errors/errors.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { readLines } from "./control_protocol.ts";
import { type ControlHandler, ControlServer } from "./control_server.ts";
import { lockState } from "./state_lock.ts";

async function withServer(
  handler: ControlHandler,
  use: (ask: (line: string) => Promise<unknown>, path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "epistle-control-" });
  const path = `${folder}/control.sock`;
  const server = await ControlServer.listen(path, handler, SILENT_LOG);
  const connection = await Deno.connect({ transport: "unix", path });
  const lines = readLines(connection.readable, 1_000_000);
  try {
    await use(async (line) => {
      await connection.write(new TextEncoder().encode(`${line}\n`));
      const { value } = await lines.next();
      return JSON.parse(value ?? "null");
    }, path);
  } finally {
    await lines.return();
    try {
      connection.close();
    } catch {
      // Ended with its stream.
    }
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

Deno.test("a line without end is given up", async () => {
  const endless = ReadableStream.from(
    Array.from({ length: 10 }, () => new Uint8Array(100).fill(0x61)),
  );
  await assert.rejects(Array.fromAsync(readLines(endless, 500)), RangeError);
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

import assert from "node:assert/strict";
import { type Clock, SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { memorySource } from "#src/config/memory_source.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { loadConfiguration } from "#src/module/load_configuration.ts";
import { Registry } from "#src/module/registry.ts";
import { freePorts } from "#tests/support/free_ports.ts";
import { PROBE_MODULES } from "#tests/support/probe_modules.ts";
import { makePlan } from "./plan.ts";
import { Supervisor } from "./supervisor.ts";

/** Back-off without waiting. */
const HASTY_CLOCK: Clock = {
  ...SYSTEM_CLOCK,
  sleep: (ms, signal) => SYSTEM_CLOCK.sleep(Math.min(ms, 1), signal),
};

interface Running {
  readonly supervisor: Supervisor;
  readonly folder: string;
  /** Where the visitor may listen. */
  readonly port: number;
  /** Calls a command of an instance. */
  ask(
    instance: string,
    command: string,
    args?: Record<string, unknown>,
  ): Promise<unknown>;
}

/** Runs `use` with a keeper and visitors in real workers. */
async function withWorkers(
  workers: number,
  use: (running: Running) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "epistle-worker-" });
  const [port = 0] = freePorts(1);
  const text = `hostname mail.example.test
state_dir ${folder}
workers ${workers}
keeper keeper {
  folder ${folder}/kept
}
visitor 127.0.0.1:${port} {
  keeper keeper
}
`;
  const loaded = loadConfiguration(
    memorySource({ "test.conf": text }),
    "test.conf",
    Registry.from(PROBE_MODULES),
    { hostname: "h", cores: 2, folder },
  );
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const { configuration } = loaded;
  const supervisor = new Supervisor({
    configuration,
    plan: makePlan(configuration, { dnsNet: [] }),
    nameServers: [],
    log: SILENT_LOG,
    clock: HASTY_CLOCK,
    entry: new URL("../../tests/support/probe_worker.ts", import.meta.url),
  });
  try {
    await supervisor.start(new AbortController().signal);
    await use({
      supervisor,
      folder,
      port,
      ask: (instance, command, args = {}) =>
        supervisor.admin(
          instance === "visitor" ? `127.0.0.1:${port}` : instance,
          command,
          args,
        ),
    });
  } finally {
    await supervisor.stop(1_000);
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the storage worker works in its folder and opens no socket", () =>
  withWorkers(1, async ({ folder, ask }) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    try {
      const path = `${folder}/kept/mail.db`;
      assert.equal(await ask("keeper", "write", { path }), "done");
      assert.equal(await ask("keeper", "read", { path }), "done");
      assert.equal(await ask("keeper", "connect", { port }), "NotCapable");
      assert.equal(await ask("keeper", "listen", { port: 0 }), "NotCapable");
      const outside = await ask("keeper", "read", { path: "/etc/passwd" });
      assert.equal(outside, "NotCapable");
    } finally {
      listener.close();
    }
  }));

Deno.test("the endpoint worker listens where it is told and reads no mail", () =>
  withWorkers(1, async ({ folder, port, ask }) => {
    const path = `${folder}/kept/mail.db`;
    assert.equal(await ask("keeper", "write", { path }), "done");
    assert.equal(await ask("visitor", "read", { path }), "NotCapable");
    assert.equal(await ask("visitor", "write", { path }), "NotCapable");
    assert.equal(await ask("visitor", "listen", { port }), "done");
    assert.equal(await ask("visitor", "listen", { port: 1 }), "NotCapable");
  }));

Deno.test("an endpoint reaches the storage by its stub", () =>
  withWorkers(2, async ({ ask }) => {
    const found = await ask("visitor", "lookup", { key: "k" });
    assert.deepEqual(found, ["storage", "k"]);
  }));

Deno.test("workers 0 runs the same in one thread", () =>
  withWorkers(0, async ({ ask, supervisor }) => {
    const found = await ask("visitor", "lookup", { key: "k" });
    assert.deepEqual(found, ["main", "k"]);
    assert.deepEqual(supervisor.status(), [{ worker: "main", up: true }]);
  }));

Deno.test("a worker that dies is started anew and joined again", () =>
  withWorkers(1, async ({ ask, supervisor }) => {
    await ask("visitor", "lookup", { key: "before" });
    await ask("keeper", "crash").catch(() => {});
    const isUp = (): boolean =>
      supervisor.status().every(({ up }) => up === true);
    // First it is seen to be down, then to be up again.
    while (isUp()) await SYSTEM_CLOCK.sleep(5);
    while (!isUp()) await SYSTEM_CLOCK.sleep(5);
    const found = await ask("visitor", "lookup", { key: "after" });
    assert.deepEqual(found, ["storage", "after"]);
  }));

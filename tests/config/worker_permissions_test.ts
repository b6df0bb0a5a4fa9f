/** Who may do what, for the server that a bare hostname stands for. */
import assert from "node:assert/strict";
import { memorySource } from "#src/config/memory_source.ts";
import { loadConfiguration } from "#src/module/load_configuration.ts";
import { Registry } from "#src/module/registry.ts";
import { MODULES } from "#src/modules.ts";
import { makePlan } from "#src/worker/plan.ts";
import type { WorkerPermissions } from "#src/worker/worker_permissions.ts";

const DATABASE = "/var/lib/epistle/mail.db";

/** Permissions of each worker, by its name. */
function permissions(text: string): Map<string, WorkerPermissions> {
  const loaded = loadConfiguration(
    memorySource({ "test.conf": text }),
    "test.conf",
    Registry.from(MODULES),
    { hostname: "h", cores: 2, folder: "/etc/epistle" },
  );
  assert.ok(loaded.ok);
  const { workers } = makePlan(loaded.configuration, {
    dnsNet: ["192.0.2.53:53"],
  });
  return new Map(workers.map((worker) => [worker.name, worker.permissions]));
}

/** Whether one of the grants covers the path. */
function covers(grants: readonly string[], path: string): boolean {
  return grants.some((grant) => path === grant || path.startsWith(`${grant}/`));
}

Deno.test("no worker of a whole server may do more than its part", () => {
  const all = permissions("hostname mail.example.test\n");
  assert.deepEqual([...all.keys()], [
    "storage",
    "reader-1",
    "delivery",
    "endpoint-1",
  ]);
  const { storage, reader, delivery, endpoint } = {
    storage: all.get("storage"),
    reader: all.get("reader-1"),
    delivery: all.get("delivery"),
    endpoint: all.get("endpoint-1"),
  };
  assert.ok(storage && reader && delivery && endpoint);
  assert.deepEqual(storage.net, []);
  assert.ok(covers(storage.write, DATABASE));
  assert.deepEqual(reader.net, []);
  // The first reader fills the search index, and writes nothing else.
  const index = "/var/lib/epistle/mail-search.db";
  assert.deepEqual(reader.write, [index, `${index}-shm`, `${index}-wal`]);
  assert.ok(covers(reader.read, DATABASE));
  assert.deepEqual(delivery.net, ["*"]);
  for (const worker of [delivery, endpoint]) {
    assert.ok(!covers(worker.read, DATABASE));
    assert.ok(!covers(worker.write, DATABASE));
    assert.deepEqual(worker.env, []);
  }
  assert.ok(endpoint.net.includes("0.0.0.0:25"));
  assert.ok(endpoint.net.includes("192.0.2.53:53"));
  assert.ok(!endpoint.net.includes("*"));
});

import assert from "node:assert/strict";
import { defineModule } from "#src/module/define.ts";
import type { AnyModule, Home } from "#src/module/define.ts";
import type { Permissions } from "#src/module/permissions.ts";
import type { Configuration } from "#src/module/configuration.ts";
import type { RoleName } from "#src/module/roles/roles.ts";
import { makePlan } from "./plan.ts";
import { toDenoPermissions } from "./worker_permissions.ts";

const AT = { file: "test", line: 1, column: 1 };
const DNS = { dnsNet: ["127.0.0.1:53"] };

interface Fake {
  readonly home: Home;
  readonly roles?: readonly RoleName[];
  readonly uses?: Readonly<Record<string, RoleName>>;
  readonly permissions?: Permissions;
  readonly addresses?: readonly string[];
}

/** A configuration of instances that exist in name only. */
function configuration(
  fakes: Readonly<Record<string, Fake>>,
  workers: number,
): Configuration {
  const instances = Object.entries(fakes).map(([name, fake]) => {
    const module = defineModule({
      name,
      version: "1.0.0",
      doc: "A fake.",
      roles: [...(fake.roles ?? [])],
      home: fake.home,
      config: {},
      permissions: () => fake.permissions ?? {},
      create(): never {
        throw new Error("Not in this test");
      },
    }) as AnyModule;
    const references = Object.entries(fake.uses ?? {}).map(([to, role]) => ({
      from: name,
      to,
      role,
      options: {},
      at: AT,
    }));
    return [name, {
      name,
      aliases: [],
      module,
      config: {},
      addresses: fake.addresses ?? [],
      references,
      at: AT,
      node: { name, at: AT, args: [], block: [] },
      origin: "file",
    }] as const;
  });
  return {
    globals: {
      state_dir: "/state",
      workers,
      storage_readers: 2,
      log: { level: "info", format: "text", output: "stderr" },
    },
    instances: new Map(instances),
    tree: [],
    machine: { hostname: "h", cores: 2, folder: "/" },
  } as unknown as Configuration;
}

const SERVER: Readonly<Record<string, Fake>> = {
  fs: { home: "user", permissions: { read: ["blobs"] } },
  mail: {
    home: "storage",
    roles: ["storage", "auth", "delivery"],
    uses: { fs: "blobs" },
    permissions: { read: ["/state"], write: ["/state"] },
  },
  aliases: { home: "user", permissions: { read: ["/etc/aliases"] } },
  rewrite: { home: "user", uses: { aliases: "table" } },
  script: { home: "sandbox", roles: ["filter"] },
  queue: {
    home: "delivery",
    roles: ["delivery"],
    uses: { mail: "delivery" },
    permissions: { connect: ["*"], dns: true },
  },
  smtp: {
    home: "endpoint",
    uses: {
      mail: "delivery",
      queue: "delivery",
      rewrite: "filter",
      script: "filter",
    },
    addresses: ["127.0.0.1:25"],
    permissions: { dns: true },
  },
  imap: {
    home: "endpoint",
    uses: { mail: "storage" },
    addresses: ["[::1]:143"],
  },
};

Deno.test("every instance is where its home says, and users are copied", () => {
  const plan = makePlan(configuration(SERVER, 2), DNS);
  const there = Object.fromEntries(
    plan.workers.map(({ name, instances }) => [name, instances]),
  );
  assert.deepEqual(there, {
    "storage": ["mail", "fs"],
    "reader-1": ["mail", "fs"],
    "reader-2": ["mail", "fs"],
    "sandbox-script": ["script"],
    "delivery": ["queue"],
    "endpoint-1": ["smtp", "imap", "rewrite", "aliases"],
    "endpoint-2": ["smtp", "imap", "rewrite", "aliases"],
  });
  assert.deepEqual([...plan.homes], [
    ["mail", "storage"],
    ["script", "sandbox-script"],
    ["queue", "delivery"],
  ]);
});

Deno.test("a worker may do what its own instances need and nothing else", () => {
  const { workers } = makePlan(configuration(SERVER, 1), DNS);
  const of = (wanted: string) =>
    workers.find(({ name }) => name === wanted)?.permissions;
  assert.deepEqual(of("storage"), {
    net: [],
    read: ["/state"],
    write: ["/state"],
    env: [],
    sys: [],
  });
  assert.deepEqual(of("endpoint-1"), {
    net: ["127.0.0.1:25", "127.0.0.1:53", "[::1]:143"],
    read: ["/etc/aliases"],
    write: [],
    env: [],
    sys: [],
  });
  assert.deepEqual(of("delivery")?.net, ["*"]);
  const sandbox = of("sandbox-script");
  assert.deepEqual(sandbox, {
    net: [],
    read: [],
    write: [],
    env: [],
    sys: [],
  });
});

Deno.test("nobody may run programs or load libraries", () => {
  const { workers } = makePlan(configuration(SERVER, 1), DNS);
  for (const { permissions } of workers) {
    const { run, ffi, sys } = toDenoPermissions(permissions);
    assert.deepEqual({ run, ffi, sys }, { run: false, ffi: false, sys: [] });
  }
});

Deno.test("workers are joined with those that they call", () => {
  const { workers } = makePlan(configuration(SERVER, 1), DNS);
  const peers = Object.fromEntries(
    workers.map((worker) => [worker.name, worker.peers.toSorted()]),
  );
  assert.deepEqual(peers, {
    "storage": [],
    "reader-1": [],
    "reader-2": [],
    "sandbox-script": [],
    "delivery": ["storage"],
    "endpoint-1": [
      "delivery",
      "reader-1",
      "reader-2",
      "sandbox-script",
      "storage",
    ],
  });
});

Deno.test("a worker calls elsewhere only what its instances use", () => {
  const { workers } = makePlan(configuration(SERVER, 1), DNS);
  const calls = Object.fromEntries(
    workers.map((worker) => [worker.name, worker.calls.toSorted()]),
  );
  assert.deepEqual(calls, {
    "storage": [],
    "reader-1": [],
    "reader-2": [],
    "sandbox-script": [],
    "delivery": ["delivery mail"],
    "endpoint-1": [
      "delivery mail",
      "delivery queue",
      "filter script",
      "storage mail",
    ],
  });
});

Deno.test("workers 0 puts everything into the main thread", () => {
  const { workers } = makePlan(configuration(SERVER, 0), DNS);
  assert.equal(workers.length, 1);
  assert.equal(workers[0]?.kind, "main");
  assert.deepEqual(
    workers[0]?.instances.toSorted(),
    Object.keys(SERVER).toSorted(),
  );
});

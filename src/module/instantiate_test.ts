import assert from "node:assert/strict";
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { memorySource } from "#src/config/memory_source.ts";
import { bool, string } from "#src/config/values.ts";
import type { Resolver } from "#src/dns/resolver.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { assemble } from "./assemble.ts";
import type { Configuration } from "./configuration.ts";
import { type AnyModule, defineModule } from "./define.ts";
import type { Host } from "./host.ts";
import { instantiate, type Use } from "./instantiate.ts";
import { loadConfiguration } from "./load_configuration.ts";
import { optionalRef } from "./ref.ts";
import { Registry } from "./registry.ts";

const MACHINE = { hostname: "machine.test", cores: 1, folder: "/etc" };

/** A table that answers with its prefix and what the next one says. */
const layered: AnyModule = defineModule({
  name: "layered",
  version: "1.0.0",
  doc: "A table that asks another one.",
  roles: ["table"],
  home: "user",
  config: {
    prefix: string({ doc: "The prefix.", default: "-" }),
    next: optionalRef("table", { doc: "Asked next." }),
  },
  options: { upper: bool({ doc: "Capitals.", default: false }) },
  permissions: () => ({}),
  create(config, host) {
    const next = config.next && host.use(config.next);
    return {
      table: {
        async lookup(key) {
          const rest = await next?.lookup(key) ?? [];
          return [`${config.prefix}${key}`, ...rest];
        },
      },
    };
  },
});

const listener: AnyModule = defineModule({
  name: "listener",
  version: "1.0.0",
  doc: "An endpoint with a table.",
  roles: ["endpoint"],
  home: "endpoint",
  listens: true,
  config: { table: optionalRef("table", { doc: "A table." }) },
  permissions: () => ({}),
  create: () => ({ endpoint: { addresses: [] } }),
});

const REGISTRY = Registry.from([layered, listener]);

function load(text: string): Configuration {
  const source = memorySource({ "epistle.conf": text });
  const loaded = loadConfiguration(source, "epistle.conf", REGISTRY, MACHINE);
  assert.ok(loaded.ok, "the configuration is valid");
  return loaded.configuration;
}

const CHAIN = `
layered a {
  prefix a-
  next b
}
layered b {
  prefix b-
}
listener 127.0.0.1:1 {
  table a
}
`;

const RESOLVER: Resolver = new Proxy({} as Resolver, {
  get(): never {
    throw new Error("No DNS here");
  },
});

function hostFor(configuration: Configuration, name: string, use: Use): Host {
  return {
    instance: name,
    addresses: [],
    worker: "main",
    globals: configuration.globals,
    log: SILENT_LOG,
    clock: SYSTEM_CLOCK,
    resolver: RESOLVER,
    use,
    spawn() {},
  };
}

Deno.test("instances of one worker use each other, dependencies first", async () => {
  const configuration = load(CHAIN);
  const { living, use, has } = await instantiate({
    configuration,
    names: new Set(["a", "b"]),
    makeHost: ({ name }, use) => hostFor(configuration, name, use),
    remote: () => assert.fail("everything is here"),
  });
  assert.deepEqual(living.map(({ name }) => name), ["b", "a"]);
  assert.ok(has("a") && !has("127.0.0.1:1"));
  const table = use({ role: "table", instance: "a" });
  assert.deepEqual(await table.lookup("k"), ["a-k", "b-k"]);
  assert.throws(() => use({ role: "auth", instance: "a" }), /"a" as auth/);
});

Deno.test("what lives elsewhere is asked from remote", async () => {
  const configuration = load(CHAIN);
  const asked: string[] = [];
  const remote = ((ref) => {
    asked.push(`${ref.role} ${ref.instance}`);
    return { lookup: () => Promise.resolve(["far"]) };
  }) as Use;
  const { use } = await instantiate({
    configuration,
    names: new Set(["a"]),
    makeHost: ({ name }, use) => hostFor(configuration, name, use),
    remote,
  });
  const table = use({ role: "table", instance: "a" });
  assert.deepEqual(await table.lookup("k"), ["a-k", "far"]);
  assert.deepEqual(asked, ["table b"]);
});

Deno.test("a worker assembles the tree that it was sent to the same configuration", () => {
  const here = load(CHAIN);
  const { tree, machine } = structuredClone({
    tree: here.tree,
    machine: here.machine,
  });
  const there = assemble(tree, REGISTRY, machine);
  assert.ok(there.ok);
  assert.deepEqual(there.configuration, here);
});

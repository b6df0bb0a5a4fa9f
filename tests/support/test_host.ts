/** A host for one instance in tests: no workers, nothing but what is given. */
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import type { Resolver } from "#src/dns/resolver.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import type { Globals } from "#src/module/globals.ts";
import type { Host } from "#src/module/host.ts";
import { FakeResolver } from "#tests/support/fake_resolver.ts";

/** Global directives of a test server. */
export function testGlobals(changes: Partial<Globals> = {}): Globals {
  return {
    hostname: "here.test",
    domains: ["here.test"],
    state_dir: "/nonexistent",
    spool_dir: "/nonexistent/spool",
    min_free: 0,
    workers: 0,
    dns: undefined,
    tls: "auto",
    postmaster: "postmaster@here.test",
    log: { level: "info", format: "text", output: "stderr" },
    storage_readers: 1,
    control_socket: "/nonexistent/control",
    drain_time: 1_000,
    ...changes,
  };
}

/** A host whose `use` refuses every reference. */
export function testHost(
  changes: { readonly resolver?: Resolver; readonly globals?: Globals } = {},
): Host {
  return {
    instance: "test",
    worker: "main",
    addresses: [],
    globals: changes.globals ?? testGlobals(),
    log: SILENT_LOG,
    clock: SYSTEM_CLOCK,
    resolver: changes.resolver ?? new FakeResolver(),
    use(ref) {
      throw new Error(`No instance ${ref.instance} in this test`);
    },
    spawn(name) {
      throw new Error(`No tasks in this test: ${name}`);
    },
  };
}

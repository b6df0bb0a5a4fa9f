/**
 * What a worker may do: the union of what its instances ask for, as the
 * permissions that Deno starts the worker with.
 */
import { isAbsolute, resolve } from "node:path";
import type { Configuration } from "#src/module/configuration.ts";
import type { WorkerKind } from "#src/module/host.ts";
import type { Permissions, SystemFact } from "#src/module/permissions.ts";

/** Permissions of one worker. Plain data; what is not listed is refused. */
export interface WorkerPermissions {
  /** `host:port` or `host`; `"*"` is every address. */
  readonly net: readonly string[];
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly env: readonly string[];
  /** Facts of the system. */
  readonly sys: readonly SystemFact[];
}

/** Facts of the machine that permissions depend on. */
export interface MachinePermissions {
  /** What asking DNS needs, as `address:port`. */
  readonly dnsNet: readonly string[];
  /** Endpoint workers at most; left out: as many as the configuration says. */
  readonly maxEndpoints?: number;
}

/** Unions the permissions of the instances that live in a worker. */
export function workerPermissions(
  configuration: Configuration,
  kind: WorkerKind,
  names: ReadonlySet<string>,
  machine: MachinePermissions,
): WorkerPermissions {
  const { globals, instances } = configuration;
  const net = new Set<string>();
  const read = new Set<string>();
  const write = new Set<string>();
  const env = new Set<string>();
  const sys = new Set<SystemFact>();
  for (const name of names) {
    const instance = instances.get(name);
    if (instance === undefined) continue;
    const asked: Permissions = instance.module.permissions(instance.config, {
      instance: name,
      globals,
      worker: kind,
    });
    for (const address of asked.listen ?? []) net.add(address);
    if (instance.module.home === "endpoint") {
      for (const address of instance.addresses) net.add(address);
    }
    for (const address of asked.connect ?? []) net.add(address);
    if (asked.dns === true) {
      for (const server of machine.dnsNet) net.add(server);
    }
    const absolute = (path: string): string =>
      isAbsolute(path) ? path : resolve(globals.state_dir, path);
    for (const path of asked.read ?? []) read.add(absolute(path));
    for (const path of asked.write ?? []) write.add(absolute(path));
    for (const variable of asked.env ?? []) env.add(variable);
    for (const fact of asked.sys ?? []) sys.add(fact);
  }
  if (globals.log.output !== "stderr") write.add(globals.log.output);
  return {
    net: net.has("*") ? ["*"] : [...net],
    read: outermost(read),
    write: outermost(write),
    env: [...env],
    sys: [...sys],
  };
}

/** Leaves out what lies below a folder that is there as well. */
function outermost(paths: ReadonlySet<string>): readonly string[] {
  const all = [...paths].sort();
  return all.filter((path) =>
    !all.some((other) => other !== path && path.startsWith(`${other}/`))
  );
}

/** The permissions as Deno takes them for a worker. */
export function toDenoPermissions(
  permissions: WorkerPermissions,
): Deno.PermissionOptionsObject {
  const { net, read, write, env, sys } = permissions;
  return {
    net: net.includes("*") ? true : [...net],
    read: [...read],
    write: [...write],
    env: [...env],
    sys: [...sys],
    run: false,
    ffi: false,
    import: false,
  };
}

/**
 * Which instance lives in which worker, and what each worker may do. Pure: the
 * same configuration gives the same plan everywhere.
 */
import type {
  Configuration,
  InstanceConfig,
} from "#src/module/configuration.ts";
import type { Home } from "#src/module/define.ts";
import type { WorkerKind } from "#src/module/host.ts";
import { serviceName } from "./service_name.ts";
import {
  type MachinePermissions,
  type WorkerPermissions,
  workerPermissions,
} from "./worker_permissions.ts";

/** One worker. Plain data. */
export interface WorkerPlan {
  /** Unique; what the log calls it. */
  readonly name: string;
  readonly kind: WorkerKind;
  /** Instances with a copy here. */
  readonly instances: readonly string[];
  readonly permissions: WorkerPermissions;
  /** Workers that this one calls. */
  readonly peers: readonly string[];
  /** Services of its peers that its instances use; see `serviceName`. */
  readonly calls: readonly string[];
}

/** All workers, in the order of their start. Plain data. */
export interface Plan {
  readonly workers: readonly WorkerPlan[];
  /** Name of the worker that is the home of each instance that has one. */
  readonly homes: ReadonlyMap<string, string>;
  /** Names of the workers that serve reading methods of storage. */
  readonly readers: readonly string[];
}

/** Name of the one worker of `workers 0`. */
export const MAIN = "main";

/** Roles that readers serve too. */
const READER_ROLES = new Set<string>(["storage", "auth"]);

interface Draft {
  readonly name: string;
  readonly kind: WorkerKind;
  readonly instances: Set<string>;
}

/** Lays out the workers of a configuration. */
export function makePlan(
  configuration: Configuration,
  machine: MachinePermissions,
): Plan {
  const { globals, instances } = configuration;
  const all = [...instances.values()];
  const endpoints = Math.min(globals.workers, machine.maxEndpoints ?? Infinity);
  const drafts = endpoints === 0
    ? [draft(MAIN, "main", all)]
    : draftWorkers(all, endpoints, globals.storage_readers);
  for (const { instances: names } of drafts) addUsers(names, configuration);
  const homes = new Map<string, string>();
  for (const { name, kind, instances: names } of drafts) {
    if (isReader(kind)) continue;
    for (const instance of names) {
      const home = instances.get(instance)?.module.home;
      if (home === "user" || home === "endpoint") continue;
      if (!homes.has(instance)) homes.set(instance, name);
    }
  }
  const readers = drafts.filter(({ kind }) => isReader(kind))
    .map(({ name }) => name);
  const workers = drafts.map((worker): WorkerPlan => ({
    name: worker.name,
    kind: worker.kind,
    instances: [...worker.instances],
    permissions: workerPermissions(
      configuration,
      worker.kind,
      worker.instances,
      machine,
    ),
    peers: peersOf(worker, configuration, homes, readers),
    calls: callsOf(worker, configuration),
  }));
  return { workers, homes, readers };
}

function isReader(kind: WorkerKind): boolean {
  return kind === "reader" || kind === "indexer";
}

function draft(
  name: string,
  kind: WorkerKind,
  instances: readonly InstanceConfig[],
): Draft {
  return { name, kind, instances: new Set(instances.map(({ name }) => name)) };
}

/** The workers with the instances that have their home there. */
function draftWorkers(
  all: readonly InstanceConfig[],
  endpoints: number,
  readers: number,
): Draft[] {
  const of = (home: Home): readonly InstanceConfig[] =>
    all.filter(({ module }) => module.home === home);
  const drafts: Draft[] = [];
  const storage = of("storage");
  if (storage.length > 0) drafts.push(draft("storage", "storage", storage));
  const read = storage.filter(({ module }) =>
    module.roles.some((role: string) => role === "storage")
  );
  for (let n = 1; n <= readers && read.length > 0; n++) {
    drafts.push(draft(`reader-${n}`, n === 1 ? "indexer" : "reader", read));
  }
  for (const instance of of("sandbox")) {
    drafts.push(draft(`sandbox-${instance.name}`, "sandbox", [instance]));
  }
  const delivery = of("delivery");
  if (delivery.length > 0) drafts.push(draft("delivery", "delivery", delivery));
  const endpoint = of("endpoint");
  for (let n = 1; n <= endpoints && endpoint.length > 0; n++) {
    drafts.push(draft(`endpoint-${n}`, "endpoint", endpoint));
  }
  return drafts;
}

/** Adds the copies of `user` instances that these refer to, and so on. */
function addUsers(names: Set<string>, { instances }: Configuration): void {
  // A set that grows while it is walked: what is added is walked as well.
  for (const name of names) {
    for (const { to } of instances.get(name)?.references ?? []) {
      if (instances.get(to)?.module.home === "user") names.add(to);
    }
  }
}

/** The services by which the instances of `worker` use those elsewhere. */
function callsOf(
  worker: Draft,
  { instances }: Configuration,
): readonly string[] {
  const calls = new Set<string>();
  for (const name of worker.instances) {
    for (const { to, role } of instances.get(name)?.references ?? []) {
      if (!worker.instances.has(to)) calls.add(serviceName(role, to));
    }
  }
  return [...calls];
}

/** The workers that the instances of `worker` refer to. */
function peersOf(
  worker: Draft,
  { instances }: Configuration,
  homes: ReadonlyMap<string, string>,
  readers: readonly string[],
): readonly string[] {
  const peers = new Set<string>();
  for (const name of worker.instances) {
    for (const { to, role } of instances.get(name)?.references ?? []) {
      if (worker.instances.has(to)) continue;
      const home = homes.get(to);
      if (home === undefined) continue;
      peers.add(home);
      const readable = instances.get(to)?.module.home === "storage";
      if (!readable || !READER_ROLES.has(role)) continue;
      for (const reader of readers) peers.add(reader);
    }
  }
  peers.delete(worker.name);
  return [...peers];
}

/**
 * Starts the workers of a plan in order, joins them, watches them, starts those
 * anew that die, and stops all in order.
 */
import { TaskGroup } from "#src/async/task_group.ts";
import type { Clock } from "#src/clock/clock.ts";
import type { NameServer } from "#src/dns/name_servers.ts";
import { StorageError, UnavailableError } from "#src/errors/errors.ts";
import type { Log } from "#src/log/log.ts";
import type { Configuration } from "#src/module/configuration.ts";
import { parseListenAddress } from "#src/net/listener.ts";
import { takenPorts } from "#src/net/taken_ports.ts";
import { makeResolver } from "./make_resolver.ts";
import { MAIN, type Plan, type WorkerPlan } from "./plan.ts";
import { prepareInstances } from "./prepare.ts";
import { Runtime } from "./runtime.ts";
import { serviceName } from "./service_name.ts";
import { type StorageVisit, visitStorage } from "./storage_visit.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** What a supervisor is made of. */
export interface SupervisorOptions {
  readonly configuration: Configuration;
  readonly plan: Plan;
  readonly nameServers: readonly NameServer[];
  readonly log: Log;
  readonly clock: Clock;
  /** The file in which workers begin; tests have modules of their own. */
  readonly entry?: URL;
}

/** First pause before a worker is started anew; doubles each time. */
const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 30_000;
/** A worker that ran so long counts as healthy: the pause is short again. */
const HEALTHY_MS = 60_000;
/** Longest wait for the instances of a worker to stop after they drained. */
const STOP_TIMEOUT_MS = 8_000;

/** The order in which kinds of workers end: those who call before the called. */
const STOP_ORDER = [
  ["endpoint"],
  ["delivery"],
  ["sandbox"],
  ["reader", "indexer"],
  ["storage"],
] as const;

/** The running server. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #handles = new Map<string, WorkerHandle>();
  /** Workers that were started but not yet told what to be. */
  readonly #fresh = new Map<string, WorkerHandle>();
  readonly #facts: Record<string, unknown> = {};
  readonly #watching: TaskGroup;
  /** The next pause before a worker that keeps dying is started anew. */
  readonly #pauses = new Map<string, number>();
  /** With `workers 0`: everything, in this thread. */
  #main: Runtime | undefined;
  #stopping = false;
  #visitors = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#watching = new TaskGroup((task, error) =>
      options.log.error("supervisor failed", { task, error })
    );
  }

  /**
   * Prepares all instances and starts all workers; resolves when every
   * endpoint listens. Rejects when one cannot start; then nothing runs.
   */
  async start(signal: AbortSignal): Promise<void> {
    try {
      this.#claimPorts();
      // All load their code at once; they begin their work one after another.
      for (const plan of this.#options.plan.workers) {
        if (plan.kind !== "main") this.#fresh.set(plan.name, this.#spawn(plan));
      }
      await this.#prepare();
      for (const plan of this.#options.plan.workers) {
        signal.throwIfAborted();
        await this.#launch(plan);
      }
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  /** Refuses to share ports with another server. */
  #claimPorts(): void {
    const addresses = [...this.#options.configuration.instances.values()]
      .flatMap(({ addresses }) => addresses)
      .flatMap((text) => parseListenAddress(text) ?? []);
    const [taken] = takenPorts(addresses);
    if (taken === undefined) return;
    throw new UnavailableError(`Another program listens on ${taken}`);
  }

  /** Ends everything in order, waiting for at most about `drainMs`. */
  async stop(drainMs: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    await this.#watching.close();
    const { clock, log, plan } = this.#options;
    for (const handle of this.#fresh.values()) handle.terminate();
    this.#fresh.clear();
    const end = clock.monotonic() + drainMs;
    const rest = (): number => Math.max(0, end - clock.monotonic());
    await this.#main?.drain(rest());
    await this.#main?.stop();
    for (const kinds of STOP_ORDER) {
      const named = plan.workers.filter(({ kind }) =>
        (kinds as readonly string[]).includes(kind)
      );
      await Promise.all(named.map(async ({ name }) => {
        const handle = this.#handles.get(name);
        if (handle === undefined) return;
        this.#handles.delete(name);
        try {
          await handle.drainAndStop(rest(), STOP_TIMEOUT_MS);
        } catch (error) {
          log.warn("worker did not stop", { worker: name, error });
        }
        this.#forget(name);
      }));
    }
  }

  /** Calls a command of an instance in its home. */
  async admin(
    instance: string,
    command: string,
    args: Readonly<Record<string, unknown>>,
  ): Promise<unknown> {
    const { configuration, plan } = this.#options;
    const module = configuration.instances.get(instance)?.module;
    if (module?.roles.includes("admin") !== true) {
      throw new StorageError("notFound", `"${instance}" takes no commands`);
    }
    if (this.#main !== undefined) {
      return await this.#main.use({ role: "admin", instance })
        .call(command, args);
    }
    const home = plan.homes.get(instance) ??
      plan.workers.find(({ instances }) => instances.includes(instance))?.name;
    const handle = this.#handles.get(home ?? "");
    if (handle === undefined) {
      throw new UnavailableError(`The home of "${instance}" does not run`);
    }
    const service = serviceName("admin", instance);
    return await handle.control.call(service, command, [args]);
  }

  /** A storage, for commands of the operator; to be ended by the caller. */
  async visitStorage(instance: string): Promise<StorageVisit> {
    if (this.#main !== undefined) {
      const storage = this.#main.use({ role: "storage", instance });
      return { storage, end: () => {} };
    }
    const { plan, log } = this.#options;
    const home = this.#handles.get(plan.homes.get(instance) ?? "");
    if (home === undefined) {
      throw new UnavailableError(`The home of "${instance}" does not run`);
    }
    return await visitStorage({
      instance,
      visitor: `visitor-${++this.#visitors}`,
      home,
      readers: this.#readersOf(instance),
      facts: this.#facts,
      log,
    });
  }

  #readersOf(instance: string): readonly WorkerHandle[] {
    const { configuration, plan } = this.#options;
    const { module } = configuration.instances.get(instance) ?? {};
    return module?.home === "storage"
      ? plan.readers.flatMap((name) => this.#handles.get(name) ?? [])
      : [];
  }

  /** Whether each worker runs, for people who ask. */
  status(): readonly { readonly worker: string; readonly up: boolean }[] {
    return this.#options.plan.workers.map(({ name }) => ({
      worker: name,
      up: name === MAIN ? this.#main !== undefined : this.#handles.has(name),
    }));
  }

  /** Makes the folders and keys that workers then only read. */
  async #prepare(): Promise<void> {
    const { configuration, log, clock, nameServers } = this.#options;
    const resolver = makeResolver(nameServers, clock);
    const names = new Set(configuration.instances.keys());
    await prepareInstances(configuration, names, { log, clock, resolver });
  }

  /** Starts one worker and joins it with those that run. */
  async #launch(plan: WorkerPlan): Promise<void> {
    const { configuration, log, nameServers } = this.#options;
    if (plan.kind === "main") return await this.#launchMain(plan);
    const handle = this.#fresh.get(plan.name) ?? this.#spawn(plan);
    this.#fresh.delete(plan.name);
    try {
      const facts = await handle.init({
        tree: configuration.tree,
        machine: configuration.machine,
        plan,
        homes: this.#options.plan.homes,
        readers: this.#options.plan.readers,
        facts: this.#facts,
        nameServers,
      });
      for (const [name, value] of Object.entries(facts)) {
        this.#facts[name] ??= value;
      }
      await this.#join(plan, handle);
      await handle.start();
    } catch (error) {
      this.#forget(plan.name);
      handle.terminate();
      throw error;
    }
    this.#handles.set(plan.name, handle);
    this.#watch(plan, handle);
    log.debug("worker started", { worker: plan.name });
  }

  #spawn({ name, permissions }: WorkerPlan): WorkerHandle {
    const { log, entry } = this.#options;
    return WorkerHandle.spawn(name, permissions, log, entry);
  }

  async #launchMain(plan: WorkerPlan): Promise<void> {
    const { configuration, log, clock, nameServers } = this.#options;
    this.#main = await Runtime.create({
      configuration,
      kind: "main",
      instances: new Set(plan.instances),
      homes: new Map(),
      readers: [],
      facts: {},
      log,
      clock,
      resolver: makeResolver(nameServers, clock),
    });
    await this.#main.start(this.#watching.signal);
  }

  /** One channel for each pair of workers of which one calls the other. */
  async #join(plan: WorkerPlan, handle: WorkerHandle): Promise<void> {
    for (const other of this.#options.plan.workers) {
      const peer = this.#handles.get(other.name);
      if (peer === undefined || other.name === plan.name) continue;
      const called = plan.peers.includes(other.name) ||
        other.peers.includes(plan.name);
      if (!called) continue;
      const { port1, port2 } = new MessageChannel();
      await peer.connect(plan.name, port2, plan.calls);
      await handle.connect(other.name, port1, other.calls);
    }
  }

  /** Tells all that a worker is gone. */
  #forget(name: string): void {
    for (const handle of this.#handles.values()) {
      if (handle.name !== name) handle.disconnect(name);
    }
  }

  #watch(plan: WorkerPlan, handle: WorkerHandle): void {
    const { clock, log } = this.#options;
    this.#watching.spawn(`watch ${plan.name}`, async (signal) => {
      const since = clock.monotonic();
      const reason = await Promise.race([handle.died, aborted(signal)]);
      if (reason === undefined || this.#stopping) return;
      this.#handles.delete(plan.name);
      this.#forget(plan.name);
      handle.terminate();
      log.error("worker died", { worker: plan.name, reason });
      const healthy = clock.monotonic() - since >= HEALTHY_MS;
      if (healthy) this.#pauses.delete(plan.name);
      await this.#restart(plan, signal);
    });
  }

  /** Tries until the worker runs again. */
  async #restart(plan: WorkerPlan, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      const pause = this.#pauses.get(plan.name) ?? FIRST_BACKOFF_MS;
      this.#pauses.set(plan.name, Math.min(pause * 2, MAX_BACKOFF_MS));
      try {
        await clock.sleep(pause, signal);
        await this.#launch(plan);
        log.info("worker started anew", { worker: plan.name, pause });
        return;
      } catch (error) {
        if (signal.aborted) return;
        log.error("worker does not start", { worker: plan.name, error });
      }
    }
  }
}

/** Resolves when the signal is aborted. */
function aborted(signal: AbortSignal): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  if (signal.aborted) resolve(undefined);
  signal.addEventListener("abort", () => resolve(undefined), { once: true });
  return promise;
}

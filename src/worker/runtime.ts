/**
 * The instances of one worker at work: makes them, answers for them, and gives
 * them stubs for what lives elsewhere. The same code runs in every worker and,
 * with `workers 0`, in the main thread.
 */
import { TaskGroup } from "#src/async/task_group.ts";
import type { Clock } from "#src/clock/clock.ts";
import type { Resolver } from "#src/dns/resolver.ts";
import { MailError } from "#src/errors/errors.ts";
import { systemFailure, systemReason } from "#src/errors/system_reason.ts";
import type { Log } from "#src/log/log.ts";
import type {
  Configuration,
  InstanceConfig,
} from "#src/module/configuration.ts";
import type { Host, WorkerKind } from "#src/module/host.ts";
import { instantiate, type Use } from "#src/module/instantiate.ts";
import { LifecycleRunner, type Living } from "#src/module/lifecycle.ts";
import type { RoleName } from "#src/module/roles/roles.ts";
import { BODIES, BodyShelf } from "./body_shelf.ts";
import { Channel, type Service } from "./channel.ts";
import { Link } from "./link.ts";
import type { Port } from "./outbox.ts";
import { PeerServices } from "./peer_services.ts";
import { serviceName } from "./service_name.ts";
import { type Facts, factsOf, makeService, makeStub } from "./services.ts";

/** What a runtime is made of. */
export interface RuntimeOptions {
  readonly configuration: Configuration;
  readonly kind: WorkerKind;
  /** Instances with a copy here. */
  readonly instances: ReadonlySet<string>;
  /** Name of the home worker of instances that have one. */
  readonly homes: ReadonlyMap<string, string>;
  readonly readers: readonly string[];
  /** What is known of instances that live elsewhere. */
  readonly facts: Facts;
  readonly log: Log;
  readonly clock: Clock;
  readonly resolver: Resolver;
}

/** An instance that could not start. Ends the program with exit code 2. */
export class StartError extends MailError {
  readonly instance: string;

  constructor(instance: string, cause: unknown) {
    const reason = systemFailure(cause) ?? systemReason(cause);
    super(`"${instance}" could not start: ${reason}`, { cause });
    this.instance = instance;
  }
}

/** Longest wait for one instance to stop. */
const STOP_TIMEOUT_MS = 5_000;

/** What there is once the instances are made. */
interface Made {
  readonly use: Use;
  readonly facts: Facts;
  readonly lifecycle: LifecycleRunner;
}

/** The instances of one worker. */
export class Runtime {
  /** The instances here by role; each worker calls those that it uses. */
  readonly services = new Map<string, Service>();
  /** What every worker that is joined may call. */
  readonly #shared = new Map<string, Service>();
  readonly #options: RuntimeOptions;
  readonly #links = new Map<string, Link>();
  readonly #shelf = new BodyShelf();
  readonly #groups = new Map<string, TaskGroup>();
  #made: Made | undefined;

  private constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#shared.set(BODIES, this.#shelf);
  }

  /** Makes the instances; nothing starts yet. */
  static async create(options: RuntimeOptions): Promise<Runtime> {
    const runtime = new Runtime(options);
    runtime.#made = await runtime.#make();
    return runtime;
  }

  /** An instance of this worker in a role. */
  get use(): Use {
    return this.#parts.use;
  }

  /** What others have to know of the instances here. */
  get facts(): Facts {
    return this.#parts.facts;
  }

  get #parts(): Made {
    if (this.#made === undefined) throw new TypeError("Not made yet");
    return this.#made;
  }

  async #make(): Promise<Made> {
    const options = this.#options;
    const stubs = new Map<string, unknown>();
    const { living, use } = await instantiate({
      configuration: options.configuration,
      names: options.instances,
      makeHost: (instance, resolve) => this.#host(instance, resolve),
      remote: (ref) => {
        const name = serviceName(ref.role, ref.instance);
        const known = stubs.get(name);
        if (known !== undefined) return known as never;
        const stub = makeStub(ref, {
          home: this.#link(options.homes.get(ref.instance) ?? "nowhere"),
          readers: this.#readersOf(ref.instance),
          shelf: this.#shelf,
          facts: options.facts,
          receive: (service, receiver) => this.#shared.set(service, receiver),
        });
        stubs.set(name, stub);
        return stub;
      },
    });
    const lifecycle = new LifecycleRunner({
      instances: living.map((one) => this.#withTasks(one)),
      log: options.log,
      clock: options.clock,
      stopTimeoutMs: STOP_TIMEOUT_MS,
    });
    return { use, lifecycle, facts: this.#serve(use) };
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#parts.lifecycle.start(signal);
  }

  drain(timeoutMs: number): Promise<void> {
    return this.#parts.lifecycle.drain(timeoutMs);
  }

  async stop(): Promise<void> {
    await this.#parts.lifecycle.stop();
    for (const link of this.#links.values()) link.disconnect();
  }

  /**
   * The named worker can be called through `port` from now on, and may call
   * the services `calls` here.
   */
  connect(name: string, port: Port, calls: readonly string[]): void {
    const channel = new Channel(port, {
      name,
      log: this.#options.log,
      services: new PeerServices(this.#shared, this.services, calls),
    });
    this.#link(name).connect(channel);
  }

  /** The named worker is gone. */
  disconnect(name: string): void {
    this.#link(name).disconnect();
  }

  /** Readers have copies of the instances that are at home in `storage`. */
  #readersOf(instance: string): readonly Link[] {
    const { configuration, readers } = this.#options;
    const home = configuration.instances.get(instance)?.module.home;
    return home === "storage"
      ? readers.map((reader) => this.#link(reader))
      : [];
  }

  #link(name: string): Link {
    let link = this.#links.get(name);
    if (link === undefined) this.#links.set(name, link = new Link(name));
    return link;
  }

  #host(instance: InstanceConfig, use: Use): Host {
    const { kind, configuration, log, clock, resolver } = this.#options;
    const { name } = instance;
    const own = log.with({ instance: name });
    const group = new TaskGroup((task, error) => {
      const fields = error instanceof MailError ? error.fields : {};
      own.error("task failed", { ...fields, task, error });
    });
    this.#groups.set(name, group);
    return {
      instance: name,
      addresses: instance.addresses,
      worker: kind,
      globals: configuration.globals,
      log: own,
      clock,
      resolver,
      use,
      spawn: (task, run) => group.spawn(task, run),
    };
  }

  /** An instance stops after the tasks that it has spawned. */
  #withTasks({ name, lifecycle }: Living): Living {
    return {
      name,
      lifecycle: {
        start: async (signal): Promise<void> => {
          try {
            await lifecycle.start?.(signal);
          } catch (error) {
            throw new StartError(name, error);
          }
        },
        drain: () => lifecycle.drain?.() ?? Promise.resolve(),
        stop: async (): Promise<void> => {
          await this.#groups.get(name)?.close();
          await lifecycle.stop?.();
        },
      },
    };
  }

  /** Makes a service of every role of every instance. */
  #serve(use: Use): Facts {
    const { configuration, instances, log } = this.#options;
    const facts: Record<string, unknown> = {};
    for (const name of instances) {
      const roles: readonly RoleName[] =
        configuration.instances.get(name)?.module.roles ?? [];
      for (const role of roles) {
        const implementation = use({ role, instance: name });
        const service = makeService(role, name, implementation, log);
        if (service === undefined) continue;
        this.services.set(serviceName(role, name), service);
        facts[serviceName(role, name)] = factsOf(role, implementation);
      }
    }
    return facts;
  }
}

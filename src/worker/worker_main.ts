/**
 * The life of a worker. It is started with the permissions of its plan, is told
 * over the control channel what to be, and then serves its peers.
 */
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import type { Log } from "#src/log/log.ts";
import { LineLog, stderrSink } from "#src/log/line_log.ts";
import type { AnyModule } from "#src/module/define.ts";
import { assemble } from "#src/module/assemble.ts";
import { Registry } from "#src/module/registry.ts";
import { Channel, type Service } from "./channel.ts";
import { CONTROL, type WorkerInit, type WorkerOutcome } from "./control.ts";
import { makeLog } from "./make_log.ts";
import { makeResolver } from "./make_resolver.ts";
import type { Port } from "./outbox.ts";
import { Runtime } from "./runtime.ts";

/** The global scope of a worker, as far as it is used here. */
interface WorkerScope extends Port {
  addEventListener(
    type: "unhandledrejection",
    listener: (event: PromiseRejectionEvent) => void,
  ): void;
  addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
}

/** Kinds that go on after an exception that nobody caught: a socket's. */
const FORGIVING_KINDS = new Set(["endpoint", "delivery"]);

class WorkerControl implements Service {
  readonly #services: Map<string, Service>;
  readonly #modules: readonly AnyModule[];
  #runtime: Runtime | undefined;
  #log: Log;
  #kind = "";

  constructor(
    services: Map<string, Service>,
    modules: readonly AnyModule[],
    log: Log,
  ) {
    this.#services = services;
    this.#modules = modules;
    this.#log = log;
  }

  async call(method: string, args: readonly unknown[]): Promise<unknown> {
    switch (method) {
      case "init":
        return await outcome(() => this.#init(args[0] as WorkerInit));
      case "connect":
        this.#required.connect(
          String(args[0]),
          args[1] as Port,
          args[2] as readonly string[],
        );
        return;
      case "start":
        return await outcome(async () => {
          // A start that takes too long ends with its worker.
          await this.#required.start(new AbortController().signal);
          return {};
        });
      case "drain":
        return await this.#required.drain(Number(args[0]));
      case "stop":
        return await this.#required.stop();
      default:
        throw new TypeError(`Workers have no method ${method}`);
    }
  }

  notified(method: string, args: readonly unknown[]): void {
    if (method === "disconnect") this.#runtime?.disconnect(String(args[0]));
  }

  /** A promise that nobody awaits was rejected: a mistake, but not the end. */
  rejected(event: PromiseRejectionEvent): void {
    event.preventDefault();
    const error = event.reason;
    const stack = error instanceof Error ? error.stack : undefined;
    this.#log.error("unhandled rejection", { error, stack });
  }

  /** An exception that nobody caught. */
  failed(event: ErrorEvent): void {
    const { error, message } = event;
    const stack = error instanceof Error ? error.stack : undefined;
    this.#log.error("uncaught exception", { error, message, stack });
    // What writes a database must not go on in an unknown state.
    if (FORGIVING_KINDS.has(this.#kind)) event.preventDefault();
  }

  get #required(): Runtime {
    if (this.#runtime === undefined) throw new TypeError("init comes first");
    return this.#runtime;
  }

  async #init(init: WorkerInit): Promise<Runtime["facts"]> {
    const { tree, machine, plan } = init;
    const assembled = assemble(tree, Registry.from(this.#modules), machine);
    if (!assembled.ok) throw assembled.errors[0];
    const { configuration } = assembled;
    const log = makeLog(configuration.globals.log, { worker: plan.name });
    this.#log = log;
    this.#kind = plan.kind;
    const runtime = await Runtime.create({
      configuration,
      kind: plan.kind,
      instances: new Set(plan.instances),
      homes: init.homes,
      readers: init.readers,
      facts: init.facts,
      log,
      clock: SYSTEM_CLOCK,
      resolver: makeResolver(init.nameServers, SYSTEM_CLOCK),
    });
    this.#runtime = runtime;
    // The supervisor may call everything.
    for (const [name, service] of runtime.services) {
      this.#services.set(name, service);
    }
    return runtime.facts;
  }
}

async function outcome(
  work: () => Promise<Runtime["facts"]>,
): Promise<WorkerOutcome> {
  try {
    return { ok: true, facts: await work() };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, message };
  }
}

/** Called once in a new worker, with the modules that it can be made of. */
export function beginWorker(modules: readonly AnyModule[]): void {
  const scope = globalThis as unknown as WorkerScope;
  const log = new LineLog({
    level: "info",
    format: "logfmt",
    clock: SYSTEM_CLOCK,
    sink: stderrSink(),
  });
  const services = new Map<string, Service>();
  const control = new WorkerControl(services, modules, log);
  services.set(CONTROL, control);
  scope.addEventListener(
    "unhandledrejection",
    (event) => control.rejected(event),
  );
  scope.addEventListener("error", (event) => control.failed(event));
  new Channel(scope, { name: "supervisor", log, services });
}

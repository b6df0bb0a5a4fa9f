/** One running worker as the supervisor holds it. */
import type { Log } from "#src/log/log.ts";
import { UnavailableError } from "#src/errors/errors.ts";
import { Channel } from "./channel.ts";
import { CONTROL, type WorkerInit, type WorkerOutcome } from "./control.ts";
import type { Port } from "./outbox.ts";
import type { Facts } from "./services.ts";
import {
  toDenoPermissions,
  type WorkerPermissions,
} from "./worker_permissions.ts";

/** Longest wait for a worker to load its code. */
const INIT_TIMEOUT_MS = 30_000;
/** Longest wait for all of its instances to start (migrations take time). */
const START_TIMEOUT_MS = 300_000;

/** A worker that could not begin its work; the message says why. */
export class WorkerStartError extends UnavailableError {}

/** A worker with its control channel. */
export class WorkerHandle {
  readonly name: string;
  readonly control: Channel;
  /** Resolves with the reason when the worker has ended by itself. */
  readonly died: Promise<string>;
  readonly #worker: Worker;

  private constructor(name: string, worker: Worker, log: Log) {
    this.name = name;
    this.#worker = worker;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.died = promise;
    this.control = new Channel(asPort(worker), {
      name,
      log,
      services: new Map(),
    });
    worker.onerror = (event): void => {
      // Else the error would end the supervisor as well.
      event.preventDefault();
      this.control.close(`${name} died`);
      resolve(event.message);
    };
  }

  /** Starts a worker with nothing but these permissions. */
  static spawn(
    name: string,
    permissions: WorkerPermissions,
    log: Log,
    entry = ownEntry(),
  ): WorkerHandle {
    const worker = new Worker(entry, {
      type: "module",
      name,
      deno: { permissions: toDenoPermissions(permissions) },
    });
    return new WorkerHandle(name, worker, log);
  }

  /** Makes the instances; gives what others have to know of them. */
  async init(init: WorkerInit): Promise<Facts> {
    return await this.#outcome("init", [init], INIT_TIMEOUT_MS);
  }

  /** Starts the instances. */
  async start(): Promise<void> {
    await this.#outcome("start", [], START_TIMEOUT_MS);
  }

  /** Tells the worker how to reach another one, and what that may call. */
  async connect(
    peer: string,
    port: MessagePort,
    calls: readonly string[],
  ): Promise<void> {
    await this.control.call(CONTROL, "connect", [peer, port, calls], {
      transfer: [port],
      timeoutMs: INIT_TIMEOUT_MS,
    });
  }

  /** Tells the worker that another one is gone. */
  disconnect(peer: string): void {
    this.control.notify(CONTROL, "disconnect", [peer]);
  }

  /** Lets what runs finish, then stops; resolves within `timeoutMs`. */
  async drainAndStop(timeoutMs: number, stopMs: number): Promise<void> {
    try {
      await this.control.call(CONTROL, "drain", [timeoutMs], {
        timeoutMs: timeoutMs + stopMs,
      });
      await this.control.call(CONTROL, "stop", [], { timeoutMs: stopMs });
    } finally {
      this.terminate();
    }
  }

  /** Ends the worker at once. */
  terminate(): void {
    this.control.close(`${this.name} was stopped`);
    this.#worker.terminate();
  }

  async #outcome(
    method: string,
    args: readonly unknown[],
    timeoutMs: number,
  ): Promise<Facts> {
    const outcome = await this.control.call(CONTROL, method, args, {
      timeoutMs,
    }) as WorkerOutcome;
    if (!outcome.ok) throw new WorkerStartError(outcome.message);
    return outcome.facts;
  }
}

/** A worker as one end of a channel; it is ended with `terminate`. */
function asPort(worker: Worker): Port {
  return {
    postMessage: (message, transfer) => worker.postMessage(message, transfer),
    set onmessage(handler: ((event: MessageEvent) => void) | null) {
      worker.onmessage = handler;
    },
  };
}

/** Where workers begin: `entry.ts` here, `entry.js` beside the bundled code. */
function ownEntry(): URL {
  const name = import.meta.url.endsWith(".ts") ? "./entry.ts" : "./entry.js";
  return new URL(name, import.meta.url);
}

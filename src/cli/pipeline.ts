/**
 * The pipeline as a library: the steps of a configuration, run in the caller's
 * own program, without a socket and without workers.
 *
 *     import { pipeline } from "@epistle/epistle/pipeline";
 *
 *     await using mail = await pipeline(`
 *       hostname example.org
 *       state_dir /tmp/mail
 *       files archive { folder archive }
 *       lmtp 127.0.0.1:24 {
 *         match local { delivery archive }
 *       }
 *     `);
 *     const [result] = await mail.run(
 *       { mailFrom: "a@example.net", rcptTo: ["b@example.org"] },
 *       new TextEncoder().encode("Subject: hello\r\n\r\nHello.\r\n"),
 *     );
 */
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { memorySource } from "#src/config/memory_source.ts";
import { renderErrors } from "#src/config/render_errors.ts";
import { nameServers } from "#src/dns/name_servers.ts";
import { type Log, SILENT_LOG } from "#src/log/log.ts";
import type {
  Configuration,
  InstanceConfig,
} from "#src/module/configuration.ts";
import type { Host } from "#src/module/host.ts";
import { loadConfiguration } from "#src/module/load_configuration.ts";
import { Registry } from "#src/module/registry.ts";
import type { Identity, SessionInfo } from "#src/module/roles/session.ts";
import { MODULES } from "#src/modules.ts";
import { compilePipeline } from "#src/pipeline/compile.ts";
import type { CompiledPipeline } from "#src/pipeline/contract.ts";
import type { Step } from "#src/pipeline/step.ts";
import type { SmtpError } from "#src/smtp/reply.ts";
import { makeResolver } from "#src/worker/make_resolver.ts";
import { prepareInstances } from "#src/worker/prepare.ts";
import { Runtime } from "#src/worker/runtime.ts";
import { closure } from "./closure.ts";
import { lockState, type StateLock } from "./state_lock.ts";

/** Options of `pipeline`; all have defaults. */
export interface PipelineOptions {
  /** The endpoint whose steps are run, by its address; else the first. */
  readonly endpoint?: string;
  /** Where relative paths of the configuration begin; else the current one. */
  readonly folder?: string;
  /** Values of `{env:NAME}`; no others are seen. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where is logged; else nowhere. */
  readonly log?: Log;
}

/** What is known of a message besides its bytes. */
export interface MailToRun {
  /** Reverse path without brackets; empty for `<>`. */
  readonly mailFrom: string;
  readonly rcptTo: readonly string[];
  /** Who is taken to have logged in: what `require-auth` asks for. */
  readonly identity?: Identity;
}

/** What became of one recipient, in the order of `rcptTo`. */
export interface RunResult {
  readonly rcptTo: string;
  /** The refusal; `undefined`: the mail is delivered, on disk or queued. */
  readonly error: SmtpError | undefined;
}

/** Steps that can be run. Closed by `await using`, or by hand. */
export interface RunnablePipeline extends AsyncDisposable {
  /**
   * Runs one message, in CRLF lines. Resolves when every recipient has its
   * result; nothing that has none is visible anywhere.
   */
  run(
    mail: MailToRun,
    message: Uint8Array | ReadableStream<Uint8Array>,
  ): Promise<readonly RunResult[]>;
  /** Finishes what runs, stops the instances, frees `state_dir`. */
  close(): Promise<void>;
}

/** The file that mistakes in the text are said to be in. */
const FILE = "pipeline.conf";

/**
 * Reads a configuration and starts everything that the steps of one of its
 * endpoints refer to. Nothing listens. Rejects with all mistakes of the text,
 * or where a server (or another pipeline) runs with the same `state_dir`.
 */
export async function pipeline(
  text: string,
  options: PipelineOptions = {},
): Promise<RunnablePipeline> {
  const configuration = read(text, options);
  const endpoint = endpointOf(configuration, options.endpoint);
  const instances = new Set(closure(configuration, endpoint.name));
  instances.delete(endpoint.name);
  const { globals } = configuration;
  const lock = await lockState(globals.state_dir, 0);
  try {
    const surroundings = {
      log: options.log ?? SILENT_LOG,
      clock: SYSTEM_CLOCK,
      resolver: makeResolver(nameServers(globals.dns), SYSTEM_CLOCK),
    };
    await prepareInstances(configuration, instances, surroundings);
    const runtime = await Runtime.create({
      configuration,
      kind: "main",
      instances,
      homes: new Map(),
      readers: [],
      facts: {},
      ...surroundings,
    });
    await runtime.start(new AbortController().signal);
    const compiled = compilePipeline(
      endpoint.config["steps"] as readonly Step[],
      hostOf(endpoint, configuration, runtime, surroundings),
      { kind: "local" },
    );
    return new Running(compiled, runtime, lock, globals.drain_time);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function read(text: string, options: PipelineOptions): Configuration {
  const loaded = loadConfiguration(
    memorySource({ [FILE]: text }, options.env),
    FILE,
    Registry.from(MODULES),
    {
      hostname: "localhost",
      cores: 1,
      folder: options.folder ?? Deno.cwd(),
    },
  );
  if (loaded.ok) return loaded.configuration;
  throw new TypeError(renderErrors(loaded.errors, loaded.sources));
}

function endpointOf(
  { instances }: Configuration,
  address: string | undefined,
): InstanceConfig {
  for (const instance of instances.values()) {
    const { name, aliases, config } = instance;
    if (!("steps" in config)) continue;
    if (address === undefined || [name, ...aliases].includes(address)) {
      return instance;
    }
  }
  throw new TypeError(
    address === undefined
      ? "No endpoint of the configuration has steps"
      : `The configuration has no endpoint "${address}" with steps`,
  );
}

function hostOf(
  endpoint: InstanceConfig,
  { globals }: Configuration,
  runtime: Runtime,
  surroundings: Pick<Host, "log" | "clock" | "resolver">,
): Host {
  return {
    ...surroundings,
    instance: endpoint.name,
    addresses: [],
    worker: "main",
    globals,
    use: runtime.use,
    spawn(): never {
      throw new TypeError("A pipeline spawns nothing");
    },
  };
}

class Running implements RunnablePipeline {
  readonly #compiled: CompiledPipeline;
  readonly #runtime: Runtime;
  readonly #lock: StateLock;
  readonly #drainMs: number;
  #isClosed = false;

  constructor(
    compiled: CompiledPipeline,
    runtime: Runtime,
    lock: StateLock,
    drainMs: number,
  ) {
    this.#compiled = compiled;
    this.#runtime = runtime;
    this.#lock = lock;
    this.#drainMs = drainMs;
  }

  async run(
    { mailFrom, rcptTo, identity }: MailToRun,
    message: Uint8Array | ReadableStream<Uint8Array>,
  ): Promise<readonly RunResult[]> {
    if (this.#isClosed) throw new TypeError("The pipeline is closed");
    const id = crypto.randomUUID();
    const errors = await this.#compiled.run(
      {
        id,
        session: sessionOf(id, identity),
        mailFrom,
        parameters: {},
        receivedAt: SYSTEM_CLOCK.now(),
      },
      rcptTo.map((address) => ({ address, original: address })),
      message,
    );
    return rcptTo.map((address, index) => ({
      rcptTo: address,
      error: errors[index],
    }));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      await this.#runtime.drain(this.#drainMs);
      await this.#runtime.stop();
    } finally {
      this.#lock.release();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A session that never was. */
function sessionOf(id: string, identity: Identity | undefined): SessionInfo {
  return {
    id,
    protocol: "local",
    remoteAddress: "127.0.0.1",
    remotePort: 0,
    localAddress: "127.0.0.1",
    localPort: 0,
    helo: "",
    esmtp: true,
    tls: undefined,
    identity,
  };
}

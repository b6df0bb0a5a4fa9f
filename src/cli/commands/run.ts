/** `epistle run`: the server itself. */
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { nameServers } from "#src/dns/name_servers.ts";
import { systemReason } from "#src/errors/system_reason.ts";
import type { Log } from "#src/log/log.ts";
import { isOlder, WRAPPED_TLS_DENO } from "#src/net/runtime_support.ts";
import type { Configuration } from "#src/module/configuration.ts";
import type { Globals } from "#src/module/globals.ts";
import { makeLog } from "#src/worker/make_log.ts";
import { Supervisor } from "#src/worker/supervisor.ts";
import { connect } from "../admin_client.ts";
import { ControlServer, Upgrade } from "../control_server.ts";
import { CliError, OK, USAGE } from "../exit_code.ts";
import { load } from "../load.ts";
import { IMAP_COMMAND } from "../mail_command.ts";
import { lockState, type StateLock } from "../state_lock.ts";
import { defineSubcommand } from "../subcommand.ts";
import { MINIMUM_DENO, VERSION } from "../version.ts";
import { planOf } from "./check.ts";

/** How long to wait for a command that holds the state. */
const LOCK_WAIT_MS = 10_000;

export const run = defineSubcommand({
  name: "run",
  summary: "Run the server until it is told to stop.",
  help:
    "SIGINT and SIGTERM let running work finish (drain_time), a second one does not.",
  async run(context) {
    requireDeno(Deno.version.deno);
    const configuration = await load(context);
    try {
      return await serve(configuration);
    } catch (error) {
      // Whatever kept it from starting, the program ends with 2.
      if (!(error instanceof CliError)) throw error;
      throw new CliError(error.message, USAGE, error.hint);
    }
  },
});

/** Runs a configuration until a signal comes. */
async function serve(configuration: Configuration): Promise<number> {
  const { globals } = configuration;
  await refuseSecond(globals.control_socket);
  const lock = await lockState(globals.state_dir, LOCK_WAIT_MS);
  const log = openLog(globals, lock);
  const started = performance.now();
  if (isOlder(Deno.version.deno, WRAPPED_TLS_DENO)) {
    log.warn("no STARTTLS and one endpoint worker on this Deno", {
      deno: Deno.version.deno,
      needed: WRAPPED_TLS_DENO,
    });
  }
  const stopped = new AbortController();
  const unlisten = onSignals(stopped, log);
  const supervisor = new Supervisor({
    configuration,
    plan: planOf(configuration),
    nameServers: nameServers(globals.dns),
    log,
    clock: SYSTEM_CLOCK,
  });
  let control: ControlServer | undefined;
  try {
    await startAll(supervisor, stopped.signal);
    control = await listenControl(configuration, supervisor, log);
    log.info("server ready", {
      version: VERSION,
      hostname: globals.hostname,
      startMs: Math.round(performance.now() - started),
      listen: [...configuration.instances.values()]
        .flatMap(({ addresses }) => addresses),
    });
    await aborted(stopped.signal);
    log.info("server stops", { signal: stopped.signal.reason });
  } finally {
    await control?.close();
    await supervisor.stop(globals.drain_time);
    unlisten();
    lock.release();
  }
  log.info("server stopped");
  return OK;
}

/** The log, which may lie in the state folder. */
function openLog({ log }: Globals, lock: StateLock): Log {
  try {
    return makeLog(log);
  } catch (error) {
    lock.release();
    throw new CliError(
      `The log ${log.output} cannot be written: ${systemReason(error)}`,
      USAGE,
      "Set output in the block log to stderr or a file in a folder that is there",
    );
  }
}

/** Two servers with one state or socket would take it from each other. */
async function refuseSecond(socket: string): Promise<void> {
  const running = await connect(socket);
  if (running === undefined) return;
  running.close();
  throw new CliError(
    `A server with this configuration runs already and answers on ${socket}`,
    USAGE,
    "Stop it first, or give this one a state_dir and ports of its own",
  );
}

/** A start that fails, or is interrupted, ends the program with code 2. */
async function startAll(
  supervisor: Supervisor,
  signal: AbortSignal,
): Promise<void> {
  try {
    await supervisor.start(signal);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (signal.aborted) throw new CliError("The start was interrupted", USAGE);
    throw new CliError(
      `The server does not start: ${reason}`,
      USAGE,
      startHint(reason),
    );
  }
}

/** What to do about the reasons that new operators meet. */
function startHint(reason: string): string | undefined {
  if (/EACCES.*:[0-9]+$/.test(reason)) {
    return "Ports below 1024 need root or the capability CAP_NET_BIND_SERVICE";
  }
  if (/EADDRNOTAVAIL/.test(reason)) {
    return "No interface of this machine has that address";
  }
  return reason.startsWith("Another program listens")
    ? "Stop it, or write another port; ss -ltnp shows who it is"
    : undefined;
}

async function listenControl(
  { globals }: Configuration,
  supervisor: Supervisor,
  log: Log,
): Promise<ControlServer> {
  try {
    return await ControlServer.listen(
      globals.control_socket,
      ({ instance, command, args }) => {
        if (instance === undefined) {
          return Promise.resolve(supervisor.status());
        }
        return command === IMAP_COMMAND
          ? mailSession(supervisor, globals, log, instance, args)
          : supervisor.admin(instance, command, args);
      },
      log,
    );
  } catch (error) {
    throw new CliError(
      `The control socket ${globals.control_socket} cannot be made: ${
        systemReason(error)
      }`,
      USAGE,
      "Set control_socket to another path",
    );
  }
}

/** The mail of an account over the control socket. */
async function mailSession(
  supervisor: Supervisor,
  globals: Globals,
  log: Log,
  instance: string,
  args: Readonly<Record<string, unknown>>,
): Promise<Upgrade> {
  const account = String(args.account);
  const visit = await supervisor.visitStorage(instance);
  const { storage } = visit;
  try {
    await storage.openAccount(account);
  } catch (error) {
    visit.end();
    throw error;
  }
  return new Upgrade(async (socket) => {
    const { serveMailSession } = await import("../mail_session.ts");
    const { UnixConnection } = await import("#src/net/unix_connection.ts");
    try {
      const connection = new UnixConnection(socket);
      await serveMailSession({ storage, account, globals, log }, connection);
    } finally {
      visit.end();
    }
  });
}

/** The first signal asks for an orderly end, the second one ends at once. */
function onSignals(stopped: AbortController, log: Log): () => void {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const handlers = signals.map((signal) => {
    const handler = (): void => {
      if (stopped.signal.aborted) Deno.exit(1);
      stopped.abort(signal);
    };
    Deno.addSignalListener(signal, handler);
    return { signal, handler };
  });
  const onRejection = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    const error = event.reason;
    const stack = error instanceof Error ? error.stack : undefined;
    log.error("unhandled rejection", { error, stack });
  };
  addEventListener("unhandledrejection", onRejection);
  return () => {
    removeEventListener("unhandledrejection", onRejection);
    for (const { signal, handler } of handlers) {
      Deno.removeSignalListener(signal, handler);
    }
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}

/** Says clearly on what this program runs. */
function requireDeno(version: string): void {
  if (!isOlder(version, MINIMUM_DENO)) return;
  throw new CliError(
    `Deno ${version} is too old: Epistle needs ${MINIMUM_DENO}, and ${WRAPPED_TLS_DENO} for STARTTLS`,
    USAGE,
    "npx -y deno@2.9.6 task epistle run",
  );
}

/**
 * Calls commands of instances: through the control socket where a server runs,
 * else on instances that this process opens itself, with the state locked.
 */
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { nameServers } from "#src/dns/name_servers.ts";
import { systemFailure, systemReason } from "#src/errors/system_reason.ts";
import type { Configuration } from "#src/module/configuration.ts";
import { makeLog } from "#src/worker/make_log.ts";
import { makeResolver } from "#src/worker/make_resolver.ts";
import { prepareInstances } from "#src/worker/prepare.ts";
import { Runtime } from "#src/worker/runtime.ts";
import { closure } from "./closure.ts";
import {
  type ControlRequest,
  type ControlResponse,
  LineReader,
  MAX_LINE_BYTES,
} from "./control_protocol.ts";
import { CliError } from "./exit_code.ts";
import { lockState } from "./state_lock.ts";

/** How long to wait for another command that holds the state. */
const LOCK_WAIT_MS = 10_000;

/** Calls a command; failures are thrown as `CliError`. */
export async function callAdmin(
  configuration: Configuration,
  request: ControlRequest,
): Promise<unknown> {
  const connection = await connect(configuration.globals.control_socket);
  if (connection !== undefined) return await ask(connection, request);
  if (request.instance === undefined) {
    throw new CliError(
      "No server runs with this configuration",
      undefined,
      "Start it with epistle run",
    );
  }
  return await callHere(configuration, request.instance, request);
}

/** The socket of a running server; `undefined` where none runs. */
export async function connect(
  path: string,
): Promise<Deno.UnixConn | undefined> {
  try {
    return await Deno.connect({ transport: "unix", path });
  } catch (error) {
    const absent = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory ||
      error instanceof Deno.errors.ConnectionRefused;
    if (absent) return undefined;
    throw new CliError(
      `The server cannot be asked over ${path}: ${systemReason(error)}`,
      undefined,
      "Run the command as the user of the server",
    );
  }
}

async function ask(
  connection: Deno.UnixConn,
  request: ControlRequest,
): Promise<unknown> {
  try {
    return (await exchange(connection, request)).result;
  } finally {
    connection.close();
  }
}

/**
 * Asks and reads the answer; the connection stays open. `rest` is what came
 * with the answer: the beginning of what is spoken after an upgrade.
 */
export async function exchange(
  connection: Deno.UnixConn,
  request: ControlRequest,
): Promise<{ readonly result: unknown; readonly rest: Uint8Array }> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(request)}\n`);
  for (let written = 0; written < bytes.length;) {
    written += await connection.write(bytes.subarray(written));
  }
  const lines = new LineReader(connection, MAX_LINE_BYTES);
  const line = await lines.next();
  if (line === undefined) {
    throw new CliError("The server went away before it answered");
  }
  const response = JSON.parse(line) as ControlResponse;
  if (response.ok) return { result: response.result, rest: lines.rest };
  throw new CliError(response.message);
}

/** Opens the instance and all that it refers to, in this process. */
async function callHere(
  configuration: Configuration,
  instance: string,
  request: ControlRequest,
): Promise<unknown> {
  return await withInstance(
    configuration,
    instance,
    (runtime) =>
      runtime.use({ role: "admin", instance })
        .call(request.command, request.args),
  );
}

/**
 * Runs `work` with the instance and all that it refers to in this process,
 * while no server may start. Failures are thrown as `CliError`.
 */
export async function withInstance<T>(
  configuration: Configuration,
  instance: string,
  work: (runtime: Runtime) => Promise<T>,
): Promise<T> {
  const { globals } = configuration;
  const lock = await lockState(globals.state_dir, LOCK_WAIT_MS);
  try {
    const log = makeLog({ ...globals.log, level: "warn", output: "stderr" });
    const instances = closure(configuration, instance);
    const resolver = makeResolver(nameServers(globals.dns), SYSTEM_CLOCK);
    const surroundings = { log, clock: SYSTEM_CLOCK, resolver };
    await prepareInstances(configuration, instances, surroundings);
    const runtime = await Runtime.create({
      configuration,
      kind: "cli",
      instances,
      homes: new Map(),
      readers: [],
      facts: {},
      ...surroundings,
    });
    await runtime.start(new AbortController().signal);
    try {
      return await work(runtime);
    } finally {
      await runtime.stop();
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(systemFailure(error) ?? systemReason(error));
  } finally {
    lock.release();
  }
}

/**
 * Opens an account's mail for a command: in the running server through the
 * control socket, else in this process with the state locked.
 */
import type { Configuration } from "#src/module/configuration.ts";
import type { Connection } from "#src/net/connection.ts";
import { MemoryConnection } from "#src/net/memory_connection.ts";
import { UnixConnection } from "#src/net/unix_connection.ts";
import { makeLog } from "#src/worker/make_log.ts";
import { connect, exchange, withInstance } from "./admin_client.ts";
import { CliError, USAGE } from "./exit_code.ts";
import { IMAP_COMMAND } from "./mail_command.ts";
import { serveMailSession } from "./mail_session.ts";

/**
 * Runs `work` on the client's end of an IMAP session of the account. After
 * `endInput` the server still answers what it has got, then ends the session.
 */
export async function withMail<T>(
  configuration: Configuration,
  { instance, account }: {
    readonly instance: string;
    readonly account: string;
  },
  work: (
    connection: Connection,
    endInput: () => Promise<void>,
  ) => Promise<T>,
): Promise<T> {
  const { globals } = configuration;
  const socket = await connect(globals.control_socket);
  if (socket !== undefined) {
    const connection = await upgraded(socket, instance, account);
    try {
      return await work(connection, () => socket.closeWrite());
    } finally {
      connection.destroy();
    }
  }
  return await withInstance(configuration, instance, async (runtime) => {
    const storage = runtime.use({ role: "storage", instance });
    await storage.openAccount(account);
    const log = makeLog({ ...globals.log, level: "warn", output: "stderr" });
    const [near, far] = MemoryConnection.pair();
    const served = serveMailSession({ storage, account, globals, log }, far);
    try {
      return await work(near, () => {
        near.finish();
        return Promise.resolve();
      });
    } finally {
      near.destroy();
      await served;
    }
  });
}

/** From here on the socket speaks IMAP; its greeting may have come already. */
async function upgraded(
  socket: Deno.UnixConn,
  instance: string,
  account: string,
): Promise<Connection> {
  try {
    const request = { instance, command: IMAP_COMMAND, args: { account } };
    const { rest } = await exchange(socket, request);
    return new UnixConnection(socket, rest);
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** The one storage of the configuration, or the named one. */
export function storageInstance(
  { instances }: Configuration,
  named: string | boolean | undefined,
): string {
  const names = [...instances.values()]
    .filter(({ module }) => module.roles.includes("storage"))
    .map(({ name }) => name);
  if (typeof named === "string") {
    if (names.includes(named)) return named;
    throw new CliError(
      `There is no storage "${named}"`,
      USAGE,
      `There are: ${names.join(", ")}`,
    );
  }
  const preferred = ["default-storage", "default"]
    .find((name) => names.includes(name));
  if (preferred !== undefined) return preferred;
  const [only, second] = names;
  if (only !== undefined && second === undefined) return only;
  throw new CliError(
    only === undefined
      ? "The configuration has no storage"
      : `The configuration has several storages: ${names.join(", ")}`,
    USAGE,
    only === undefined ? undefined : "Say which one: --instance NAME",
  );
}

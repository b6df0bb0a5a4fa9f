/**
 * Serves the control socket of a running server. Only its owner may open it:
 * the socket lies in the state folder and has mode 0600.
 */
import { TaskGroup } from "#src/async/task_group.ts";
import { MailError } from "#src/errors/errors.ts";
import type { Log } from "#src/log/log.ts";
import {
  type ControlRequest,
  type ControlResponse,
  LineReader,
  MAX_LINE_BYTES,
} from "./control_protocol.ts";

/** Answers a request; mistakes are thrown. */
export type ControlHandler = (
  request: ControlRequest,
) => Promise<unknown | Upgrade>;

/** An answer after which the connection speaks another protocol. */
export class Upgrade {
  /** Serves the connection to its end. */
  readonly serve: (connection: Deno.UnixConn) => Promise<void>;

  constructor(serve: (connection: Deno.UnixConn) => Promise<void>) {
    this.serve = serve;
  }
}

/** Listens on a Unix socket. */
export class ControlServer {
  readonly #listener: Deno.UnixListener;
  readonly #path: string;
  readonly #handler: ControlHandler;
  readonly #log: Log;
  readonly #tasks: TaskGroup;
  readonly #connections = new Set<Deno.UnixConn>();

  private constructor(
    path: string,
    listener: Deno.UnixListener,
    handler: ControlHandler,
    log: Log,
  ) {
    this.#path = path;
    this.#listener = listener;
    this.#handler = handler;
    this.#log = log;
    this.#tasks = new TaskGroup((task, error) =>
      log.error("control socket failed", { task, error })
    );
    this.#tasks.spawn("accept", () => this.#accept());
  }

  /** The caller holds the lock of the state folder: a socket there is stale. */
  static async listen(
    path: string,
    handler: ControlHandler,
    log: Log,
  ): Promise<ControlServer> {
    await removeSocket(path);
    const listener = Deno.listen({ transport: "unix", path });
    await Deno.chmod(path, 0o600);
    return new ControlServer(path, listener, handler, log);
  }

  /** Ends all connections and removes the socket. */
  async close(): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) closeQuietly(connection);
    await this.#tasks.close();
    await removeSocket(this.#path);
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      this.#connections.add(connection);
      this.#tasks.spawn("connection", async () => {
        try {
          await this.#serve(connection);
        } finally {
          this.#connections.delete(connection);
          closeQuietly(connection);
        }
      });
    }
  }

  async #serve(connection: Deno.UnixConn): Promise<void> {
    const lines = new LineReader(connection, MAX_LINE_BYTES);
    try {
      for (;;) {
        const line = await lines.next();
        if (line === undefined) return;
        const { response, upgrade } = await this.#answer(line);
        const bytes = new TextEncoder().encode(`${JSON.stringify(response)}\n`);
        for (let written = 0; written < bytes.length;) {
          written += await connection.write(bytes.subarray(written));
        }
        // Who goes on before the answer is not one of our commands.
        if (upgrade !== undefined && lines.hasRest) return;
        if (upgrade !== undefined) return await upgrade.serve(connection);
      }
    } catch (error) {
      // A command that was interrupted; there is nobody to tell.
      this.#log.debug("control connection ended", { error });
    }
  }

  async #answer(
    line: string,
  ): Promise<{ response: ControlResponse; upgrade?: Upgrade }> {
    try {
      const request = parseRequest(line);
      const result = await this.#handler(request);
      if (result instanceof Upgrade) {
        return { response: { ok: true, result: null }, upgrade: result };
      }
      return { response: { ok: true, result: result ?? null } };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!(error instanceof MailError)) {
        this.#log.error("command failed", { error });
      }
      return { response: { ok: false, message } };
    }
  }
}

function parseRequest(line: string): ControlRequest {
  const value: unknown = JSON.parse(line);
  if (typeof value !== "object" || value === null) {
    throw new TypeError("A request is an object");
  }
  const { instance, command, args } = value as Record<string, unknown>;
  if (typeof command !== "string") throw new TypeError("command is missing");
  return {
    instance: typeof instance === "string" ? instance : undefined,
    command,
    args: typeof args === "object" && args !== null
      ? args as Record<string, unknown>
      : {},
  };
}

async function removeSocket(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function closeQuietly(connection: Deno.UnixConn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}

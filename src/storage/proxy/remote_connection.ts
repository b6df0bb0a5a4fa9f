/**
 * The connection to another server for one account: opened when it is needed,
 * closed when it is not, one command at a time.
 */
import { ImapFlow } from "imapflow";
import { StorageError, UnavailableError } from "#src/errors/errors.ts";
import type { Clock } from "#src/clock/clock.ts";
import type { Log } from "#src/log/log.ts";

/** How to reach a server. */
export interface RemoteServer {
  readonly host: string;
  readonly port: number;
  readonly tls: "implicit" | "starttls" | "off";
  /** Accept any certificate. */
  readonly insecure: boolean;
}

/** Who we are there. */
export interface RemoteLogin {
  readonly user: string;
  readonly password: string;
}

/** Nobody has asked for so long: the connection is closed. */
const IDLE_MS = 10 * 60_000;

/** After a failed login nobody tries again for so long. */
const REFUSED_MS = 30_000;

/** What happens in the mailbox that is selected there. */
export type RemoteEvent = (path: string) => void;

/** One account on the other server. */
export class RemoteConnection {
  readonly #server: RemoteServer;
  readonly #login: RemoteLogin;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onEvent: RemoteEvent;
  #client: ImapFlow | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #usedAt = 0;
  #refusedAt = Number.NEGATIVE_INFINITY;

  constructor(
    server: RemoteServer,
    login: RemoteLogin,
    surroundings: { readonly clock: Clock; readonly log: Log },
    onEvent: RemoteEvent,
  ) {
    this.#server = server;
    this.#login = login;
    this.#clock = surroundings.clock;
    this.#log = surroundings.log;
    this.#onEvent = onEvent;
  }

  /** Runs `work` when all before it is done. */
  use<T>(work: (client: ImapFlow) => Promise<T>): Promise<T> {
    const run = this.#queue.then(async () => {
      this.#usedAt = this.#clock.monotonic();
      const client = await this.#connected();
      try {
        return await work(client);
      } catch (error) {
        throw asStorageError(error);
      }
    });
    // The next one runs whatever becomes of this one.
    this.#queue = run.catch(() => {});
    return run;
  }

  /** Whether that mailbox is the one that is selected there now. */
  isAt(path: string): boolean {
    const mailbox = this.#client?.mailbox;
    return mailbox !== undefined && mailbox !== false && mailbox.path === path;
  }

  /** Runs `work` with a mailbox selected. */
  within<T>(
    path: string,
    work: (client: ImapFlow) => Promise<T>,
  ): Promise<T> {
    return this.use(async (client) => {
      const lock = await client.getMailboxLock(path);
      try {
        return await work(client);
      } finally {
        lock.release();
      }
    });
  }

  /** Closes a connection that nobody needs; true while it is open. */
  async rest(): Promise<boolean> {
    if (this.#client === undefined) return false;
    if (this.#clock.monotonic() - this.#usedAt < IDLE_MS) return true;
    await this.close();
    return false;
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    try {
      await client.logout();
    } catch (error) {
      this.#log.debug("remote logout failed", { error: reasonOf(error) });
    }
  }

  async #connected(): Promise<ImapFlow> {
    if (this.#client?.usable === true) return this.#client;
    if (this.#clock.monotonic() - this.#refusedAt < REFUSED_MS) {
      throw new UnavailableError("The other server has refused our login");
    }
    const client = this.#makeClient();
    try {
      await client.connect();
    } catch (error) {
      const isRefused = Reflect.get(Object(error), "authenticationFailed");
      if (isRefused === true) this.#refusedAt = this.#clock.monotonic();
      this.#log.warn("remote mailboxes out of reach", {
        server: this.#server.host,
        error: reasonOf(error),
      });
      throw new UnavailableError("The other server is out of reach");
    }
    this.#client = client;
    return client;
  }

  #makeClient(): ImapFlow {
    const { host, port, tls, insecure } = this.#server;
    const client = new ImapFlow({
      host,
      port,
      secure: tls === "implicit",
      ...(tls === "starttls" ? { doSTARTTLS: true } : {}),
      ...(tls === "off" ? { doSTARTTLS: false } : {}),
      tls: { rejectUnauthorized: !insecure },
      auth: { user: this.#login.user, pass: this.#login.password },
      logger: false,
    });
    const event = ({ path }: { readonly path: string }): void =>
      this.#onEvent(path);
    client.on("exists", event);
    client.on("expunge", event);
    client.on("flags", event);
    client.on("error", (error: unknown) => {
      this.#log.debug("remote connection broke", { error: reasonOf(error) });
    });
    client.on("close", () => {
      if (this.#client === client) this.#client = undefined;
    });
    return client;
  }
}

/** What the other server says, without what was sent. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const text: unknown = Reflect.get(error, "responseText");
  return typeof text === "string" ? text : error.message;
}

function asStorageError(error: unknown): unknown {
  if (error instanceof StorageError) return error;
  const code: unknown = Reflect.get(Object(error), "serverResponseCode");
  switch (code) {
    case "NONEXISTENT":
    case "TRYCREATE":
      return new StorageError("notFound", "No such mailbox there");
    case "ALREADYEXISTS":
      return new StorageError("exists", "It is there already");
    case "OVERQUOTA":
    case "LIMIT":
      return new StorageError("limit", "The other server has no room");
    case "NOPERM":
    case "CANNOT":
      return new StorageError("notAllowed", "The other server refuses that");
    default:
      return new UnavailableError("The other server cannot do that now", {
        cause: error,
      });
  }
}

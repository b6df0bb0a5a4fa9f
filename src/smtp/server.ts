/**
 * The SMTP and LMTP server: takes accepted sockets, keeps their connections,
 * looks at deadlines, ends in order. `smtp-server` with everything replaced
 * that concerns the protocol; listening is done by `src/net/listener.ts`.
 */
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { SMTPServer } from "smtp-server";
import type { Clock } from "#src/clock/clock.ts";
import type { Log } from "#src/log/log.ts";
import type { SmtpBackend } from "./backend.ts";
import { LMTP_COMMANDS, SMTP_COMMANDS } from "./commands.ts";
import { SmtpConnection } from "./connection.ts";
import type { DialogueServices } from "./dialogue.ts";
import { SMTP_LIMITS } from "./limits.ts";
import { formatRefusedGreeting } from "./reply_of_error.ts";
import { REFUSALS } from "./replies.ts";
import type { SmtpSettings } from "./settings.ts";

/** What a server is made of. */
export interface SmtpServerOptions {
  readonly settings: SmtpSettings;
  readonly backend: SmtpBackend;
  readonly clock: Clock;
  readonly log: Log;
  readonly loginLimits: DialogueServices["loginLimits"];
  /**
   * Whether one more connection of this source is allowed: then what is to be
   * called when it is gone. `SourceLimits` of `src/net` fits.
   */
  readonly admit: (remoteAddress: string) => (() => void) | undefined;
}

/** One server. `start`, `accept` sockets, `drain`, `stop`. */
export class SmtpServer extends SMTPServer {
  readonly #settings: SmtpSettings;
  readonly #backend: SmtpBackend;
  readonly #services: DialogueServices;
  readonly #admit: SmtpServerOptions["admit"];
  readonly #open = new Map<SmtpConnection, () => void>();
  readonly #idPrefix = randomWord();
  readonly #stopped = new AbortController();
  #sweeping: Promise<void> | undefined;
  #connectionCount = 0;
  #isDraining = false;
  #emptied = Promise.withResolvers<void>();

  constructor(options: SmtpServerOptions) {
    const { settings } = options;
    super({
      name: settings.hostname,
      logger: false,
      secure: settings.implicitTls,
      needsUpgrade: settings.implicitTls,
      disableReverseLookup: true,
      lmtp: settings.protocol === "lmtp",
    });
    this.#settings = settings;
    this.#backend = options.backend;
    this.#admit = options.admit;
    this.#services = {
      settings,
      commands: settings.protocol === "lmtp" ? LMTP_COMMANDS : SMTP_COMMANDS,
      clock: options.clock,
      log: options.log,
      loginLimits: options.loginLimits,
      isDraining: () => this.#isDraining,
    };
  }

  /** Connections there are. */
  get size(): number {
    return this.#open.size;
  }

  /** Begins to look at deadlines. */
  start(): void {
    this.#sweeping ??= this.#sweepOften();
  }

  /** Takes a connection over; `isSecure`: TLS has begun on it already. */
  accept(socket: Socket, isSecure = false): void {
    const release = this.#isDraining
      ? undefined
      : this.#admit(plainAddress(socket.remoteAddress));
    if (release === undefined) return this.#turnAway(socket);
    const { tls } = this.#settings;
    if (tls?.defaultContext !== undefined) {
      // The library takes the context for clients that name no server here.
      this.secureContext.set("*", tls.defaultContext);
    }
    const connection = new SmtpConnection(this, socket, {
      id: `${this.#idPrefix}${(this.#connectionCount++).toString(36)}`,
      services: this.#services,
      backend: this.#backend,
      onGone: (gone) => this.#forget(gone),
      isSecure,
    });
    this.#open.set(connection, release);
    this.connections.add(connection);
    connection.init();
  }

  /** Looks at the deadlines of all connections. */
  sweep(): void {
    const now = this.#services.clock.monotonic();
    for (const connection of this.#open.keys()) {
      connection.sweep(now);
      if (this.#isDraining) connection.drain();
    }
  }

  /** Takes no new work; resolves when the last connection is gone. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.sweep();
    if (this.#open.size > 0) await this.#emptied.promise;
  }

  /** Ends what is left. */
  async stop(): Promise<void> {
    this.#isDraining = true;
    this.#stopped.abort();
    for (const connection of this.#open.keys()) connection.destroy();
    if (this.#open.size > 0) await this.#emptied.promise;
    await this.#sweeping;
  }

  /** The published key of the library must never be in use. */
  override updateSecureContext(): void {
    this.secureContext = new Map();
  }

  override _resolveSNI(
    serverName: string,
    done: (error: Error | null, context?: SecureContext) => void,
  ): void {
    const { tls } = this.#settings;
    if (tls === undefined) return done(new Error("No TLS here"));
    tls.context(serverName).then(
      (context) => done(null, context),
      (error) => done(error instanceof Error ? error : new Error("No TLS")),
    );
  }

  override onSecure(
    _socket: unknown,
    _session: unknown,
    done: (error?: Error | null) => void,
  ): void {
    done();
  }

  override _onError(error: Error): void {
    this.#services.log.warn("smtp server error", { error });
  }

  #forget(connection: SmtpConnection): void {
    this.#open.get(connection)?.();
    this.#open.delete(connection);
    if (this.#open.size > 0) return;
    this.#emptied.resolve();
    this.#emptied = Promise.withResolvers<void>();
  }

  #turnAway(socket: Socket): void {
    socket.on("error", () => {});
    if (this.#settings.implicitTls) {
      socket.destroy();
      return;
    }
    const refusal = this.#isDraining
      ? REFUSALS.stopping()
      : REFUSALS.tooManyConnections();
    socket.end(formatRefusedGreeting(refusal), () => socket.destroy());
  }

  async #sweepOften(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await this.#services.clock.sleep(SMTP_LIMITS.sweepMs, signal);
      } catch {
        // Only an abort rejects: the loop ends.
        return;
      }
      this.sweep();
    }
  }
}

/** `::ffff:192.0.2.1` is `192.0.2.1`. */
function plainAddress(address: string | undefined): string {
  if (address === undefined) return "";
  return address.startsWith("::ffff:") && address.includes(".")
    ? address.slice(7)
    : address;
}

/** Ten letters and digits: makes ids unique between runs and workers. */
function randomWord(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  const number = new DataView(bytes.buffer).getBigUint64(0);
  return number.toString(36).padStart(13, "0").slice(0, 10);
}

/**
 * The work of endpoint `imap`: the protocol of `src/imap` meets storage, auth,
 * certificates and sockets. Its settings are in `imap.ts`.
 */
import type { Socket } from "node:net";
import { DeadlineError, withDeadline } from "#src/async/deadline.ts";
import type { StorageBackend } from "#src/imap/backend.ts";
import { MailboxViews } from "#src/imap/mailbox_views.ts";
import { SessionLoop } from "#src/imap/session_loop.ts";
import type { ImapServices } from "#src/imap/services.ts";
import { summarize } from "#src/imap/summary_builder.ts";
import { upperAscii } from "#src/imap/wire/ascii.ts";
import type { Lifecycle } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import type { Endpoint } from "#src/module/roles/endpoint.ts";
import { ClientAuthorities } from "#src/net/client_authorities.ts";
import type { Connection } from "#src/net/connection.ts";
import { distinctAddresses } from "#src/net/distinct_addresses.ts";
import {
  formatListenAddress,
  listen,
  type Listener,
  readListenAddress,
} from "#src/net/listener.ts";
import { LoginLimits } from "#src/net/login_limits.ts";
import { tlsForUpgrade } from "#src/net/runtime_support.ts";
import { SocketConnection } from "#src/net/socket_connection.ts";
import { SourceLimits } from "#src/net/source_limits.ts";
import { TlsContexts } from "#src/net/tls_contexts.ts";
import { listenImplicit } from "#src/net/tls_listener.ts";
import { hiddenFor } from "./hidden_for.ts";
import { AppendSpool } from "./imap_spool.ts";
import type { ImapConfig } from "./imap.ts";

/** Port of IMAP over TLS from the first byte. RFC 8314 section 3.2. */
const IMPLICIT_TLS_PORT = 993;

/** Bytes that name a session in the log. */
const SESSION_ID_BYTES = 6;

/** TLS: before everything else, by STARTTLS, or done by the runtime. */
type TlsStart = "first" | "later" | "done";

/** Of TLS that the runtime began by itself nothing is known. */
const UNKNOWN_TLS = { version: "TLS", cipher: "", serverName: undefined };

/** The endpoint at work. */
export class ImapEndpoint implements Endpoint, Lifecycle {
  readonly #config: ImapConfig;
  readonly #host: Host;
  readonly #loops: Map<SessionLoop, Promise<void>> = new Map();
  readonly #sources: SourceLimits;
  #listeners: Listener[] = [];
  #addresses: readonly string[] = [];
  #contexts: TlsContexts | undefined;
  #views: MailboxViews | undefined;

  constructor(config: ImapConfig, host: Host) {
    this.#config = config;
    this.#host = host;
    this.#sources = new SourceLimits({
      maxConnections: config.max_connections,
      maxPerMinute: config.max_connection_rate,
      countLoopback: false,
    }, host.clock);
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  async start(): Promise<void> {
    if (this.#config.tls_mode !== "off") {
      this.#contexts = new TlsContexts(
        this.#host.use(this.#config.tls),
        (error) => this.#host.log.error("certificate not usable", { error }),
        await this.#clientAuthorities(),
      );
      await this.#contexts.start();
    }
    const backend = this.#host.use(this.#config.storage);
    this.#views = new MailboxViews(backend);
    this.#views.start();
    const services = this.#services(backend, this.#views);
    const addresses = this.#host.addresses.map(readListenAddress);
    for (const address of distinctAddresses(addresses)) {
      const isImplicit = this.#isImplicit(address.port);
      this.#listeners.push(
        isImplicit
          ? await listenImplicit(
            address,
            (socket, isSecure) =>
              this.#accept(socket, services, isSecure ? "done" : "first"),
            async () => await this.#contexts?.defaultPair(),
          )
          : await listen(
            address,
            (socket) => this.#accept(socket, services, "later"),
          ),
      );
    }
    this.#addresses = this.#listeners.map(({ address }) =>
      formatListenAddress(address)
    );
  }

  /** Takes no new connections, says BYE to all, waits for what runs. */
  async drain(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    this.#listeners = [];
    const runs = [...this.#loops].map(async ([loop, run]) => {
      await loop.drain();
      await run;
    });
    try {
      await withDeadline(
        "drain",
        this.#host.globals.drain_time,
        () => Promise.all(runs),
      );
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      this.#host.log.warn("sessions cut off", { sessions: this.#loops.size });
    }
  }

  async stop(): Promise<void> {
    for (const loop of this.#loops.keys()) loop.destroy();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    await Promise.all(this.#loops.values());
    this.#views?.stop();
    this.#contexts?.stop();
  }

  async #clientAuthorities(): Promise<ClientAuthorities | undefined> {
    const { client_ca } = this.#config;
    if (client_ca === undefined) return undefined;
    try {
      const pem = await Deno.readTextFile(client_ca);
      return new ClientAuthorities(pem, () => this.#host.clock.now());
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new TypeError(`client_ca ${client_ca}: ${reason}`, { cause });
    }
  }

  #isImplicit(port: number): boolean {
    const { tls_mode } = this.#config;
    return tls_mode === "implicit" ||
      (tls_mode === "auto" && port === IMPLICIT_TLS_PORT);
  }

  #services(
    backend: StorageBackend,
    views: MailboxViews,
  ): ImapServices {
    const { insecure_auth, idle_timeout, max_sessions, hide_capability } =
      this.#config;
    const administrators = new Set(
      this.#config.administrators.map((name) => name.toLowerCase()),
    );
    return {
      backend,
      views,
      auth: this.#host.use(this.#config.auth),
      loginLimits: new LoginLimits(this.#host.clock),
      spool: new AppendSpool(this.#host.globals.spool_dir),
      settings: {
        hostname: this.#host.globals.hostname,
        idleTimeoutMs: idle_timeout,
        insecureAuth: insecure_auth,
        hiddenCapabilities: new Set(hide_capability.map(upperAscii)),
        hiddenFor: hiddenFor(this.#config.hide_capability_for),
        isAdministrator: (account) => administrators.has(account.toLowerCase()),
        maxSessionsPerAccount: max_sessions,
        serverId: { name: "Epistle" },
      },
      tls: tlsForUpgrade(this.#contexts),
      log: this.#host.log,
      clock: this.#host.clock,
      sessionsOf: new Map(),
      random: randomBytes,
      summarize,
    };
  }

  #accept(socket: Socket, services: ImapServices, tls: TlsStart): void {
    const id = encodeHex(randomBytes(SESSION_ID_BYTES));
    const connection = new SocketConnection(
      socket,
      tls === "done" ? UNKNOWN_TLS : undefined,
    );
    const leave = this.#sources.admit(connection.remoteAddress);
    if (leave === undefined) {
      connection.destroy();
      return;
    }
    const loop = new SessionLoop(services, connection, id);
    const run = this.#serve(loop, connection, tls).finally(() => {
      this.#loops.delete(loop);
      leave();
    });
    this.#loops.set(loop, run);
  }

  /** Never rejects. */
  async #serve(
    loop: SessionLoop,
    connection: Connection,
    tls: TlsStart,
  ): Promise<void> {
    if (tls === "first" && !(await this.#trySecure(connection))) return;
    await loop.run();
  }

  /** TLS from the first byte; says whether it came about. */
  async #trySecure(connection: Connection): Promise<boolean> {
    const contexts = this.#contexts;
    const context = contexts?.defaultContext;
    if (contexts === undefined || context === undefined) {
      connection.destroy();
      return false;
    }
    try {
      await connection.startTls(contexts, context);
      return true;
    } catch (error) {
      this.#host.log.debug("handshake failed", {
        remote: connection.remoteAddress,
        error,
      });
      return false;
    }
  }
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

function encodeHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

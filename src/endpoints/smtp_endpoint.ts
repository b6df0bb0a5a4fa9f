/**
 * An SMTP, submission or LMTP endpoint at work: listens on its addresses and
 * joins the protocol of `src/smtp` with pipeline, login and certificates.
 */
import { DeadlineError, withDeadline } from "#src/async/deadline.ts";
import type { Lifecycle } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import type { Endpoint } from "#src/module/roles/endpoint.ts";
import { distinctAddresses } from "#src/net/distinct_addresses.ts";
import {
  formatListenAddress,
  listen,
  type ListenAddress,
  type Listener,
  readListenAddress,
} from "#src/net/listener.ts";
import { LoginLimits } from "#src/net/login_limits.ts";
import { tlsForUpgrade } from "#src/net/runtime_support.ts";
import { SourceLimits } from "#src/net/source_limits.ts";
import { TlsContexts } from "#src/net/tls_contexts.ts";
import { listenImplicit } from "#src/net/tls_listener.ts";
import { cleanSpool, compilePipeline } from "#src/pipeline/compile.ts";
import type { CompiledPipeline } from "#src/pipeline/contract.ts";
import { FreeSpace } from "#src/pipeline/free_space.ts";
import { SmtpServer } from "#src/smtp/server.ts";
import type { SmtpSettings } from "#src/smtp/settings.ts";
import { PipelineBackend } from "./smtp_pipeline_backend.ts";
import type { LoginConfig, SmtpConfig } from "./smtp_schema.ts";

/** The kinds of endpoint. */
export type SmtpKind = "smtp" | "submission" | "lmtp";

/** Port of submission over TLS from the first byte. RFC 8314 section 3.3. */
const IMPLICIT_TLS_PORT = 465;

/** One endpoint; a server for each of its addresses. */
export class SmtpEndpoint implements Endpoint, Lifecycle {
  readonly #kind: SmtpKind;
  readonly #config: SmtpConfig;
  readonly #login: LoginConfig | undefined;
  readonly #host: Host;
  readonly #pipeline: CompiledPipeline;
  readonly #space: FreeSpace;
  #contexts: TlsContexts | undefined;
  #servers: SmtpServer[] = [];
  #listeners: Listener[] = [];
  #addresses: readonly string[] = [];

  constructor(
    kind: SmtpKind,
    config: SmtpConfig,
    login: LoginConfig | undefined,
    host: Host,
  ) {
    this.#kind = kind;
    this.#config = config;
    this.#login = login;
    this.#host = host;
    const { spool_dir, min_free } = host.globals;
    this.#space = new FreeSpace({
      folder: spool_dir,
      minBytes: min_free,
      clock: host.clock,
      log: host.log,
    });
    this.#pipeline = compilePipeline(config.steps, host, {
      kind,
      hostname: config.hostname ?? host.globals.hostname,
      auth: login?.auth,
      sender_check: login?.sender_check ?? false,
      submission: kind === "submission",
      max_size: config.max_message_size,
      open_relay: config.open_relay,
    });
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  async start(): Promise<void> {
    await cleanSpool(this.#host);
    if (this.#config.tls_mode !== "off") {
      this.#contexts = new TlsContexts(
        this.#host.use(this.#config.tls),
        (error) => this.#host.log.error("certificate not usable", { error }),
      );
      await this.#contexts.start();
    }
    const limits = this.#sourceLimits();
    const loginLimits = new LoginLimits(this.#host.clock);
    const addresses = this.#host.addresses.map(readListenAddress);
    for (const address of distinctAddresses(addresses)) {
      const server = this.#server(address, limits, loginLimits);
      this.#servers.push(server);
      server.start();
      this.#listeners.push(
        this.#isImplicit(address)
          ? await listenImplicit(
            address,
            (socket, isSecure) => server.accept(socket, isSecure),
            async () => await this.#contexts?.defaultPair(),
          )
          : await listen(address, (socket) => server.accept(socket)),
      );
    }
    this.#addresses = this.#listeners.map(({ address }) =>
      formatListenAddress(address)
    );
  }

  async drain(): Promise<void> {
    await this.#stopListening();
    try {
      await withDeadline(
        "drain",
        this.#host.globals.drain_time,
        () => Promise.all(this.#servers.map((server) => server.drain())),
      );
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      const connections = this.#servers.reduce(
        (sum, { size }) => sum + size,
        0,
      );
      this.#host.log.warn("connections cut off", { connections });
    }
  }

  async stop(): Promise<void> {
    await this.#stopListening();
    await Promise.all(this.#servers.map((server) => server.stop()));
    this.#servers = [];
    this.#contexts?.stop();
  }

  async #stopListening(): Promise<void> {
    const listeners = this.#listeners;
    this.#listeners = [];
    await Promise.all(listeners.map((listener) => listener.close()));
  }

  #sourceLimits(): SourceLimits {
    const { max_connections, max_connection_rate, limit_loopback } =
      this.#config;
    return new SourceLimits({
      maxConnections: max_connections,
      maxPerMinute: max_connection_rate,
      countLoopback: limit_loopback,
    }, this.#host.clock);
  }

  #server(
    address: ListenAddress,
    limits: SourceLimits,
    loginLimits: LoginLimits,
  ): SmtpServer {
    const login = this.#login;
    const auth = login === undefined ? undefined : this.#host.use(login.auth);
    return new SmtpServer({
      settings: this.#settings(address),
      backend: new PipelineBackend(this.#kind, this.#pipeline, {
        auth,
        space: this.#space,
      }),
      clock: this.#host.clock,
      log: this.#host.log,
      loginLimits,
      admit: (remoteAddress) => limits.admit(remoteAddress),
    });
  }

  #isImplicit({ port }: ListenAddress): boolean {
    const { tls_mode } = this.#config;
    return tls_mode === "implicit" ||
      (tls_mode === "auto" && port === IMPLICIT_TLS_PORT);
  }

  #settings(address: ListenAddress): SmtpSettings {
    const config = this.#config;
    return {
      protocol: this.#kind === "lmtp" ? "lmtp" : "smtp",
      hostname: config.hostname ?? this.#host.globals.hostname,
      banner: config.banner,
      tls: tlsForUpgrade(this.#contexts),
      implicitTls: this.#isImplicit(address),
      insecureAuth: this.#login?.insecure_auth ?? false,
      requireAuth: this.#kind === "submission",
      maxMessageBytes: config.max_message_size,
      maxRecipients: config.max_recipients,
      greetingDelayMs: config.greeting_delay,
      commandTimeoutMs: config.command_timeout,
      messageTimeoutMs: config.message_timeout,
      minBytesPerSecond: config.min_rate,
      strictLines: config.strict_lines,
      bareLineEnds: config.bare_line_ends,
    };
  }
}

/**
 * TLS contexts of a server, by server name: what the SNI callback of a
 * handshake asks. They are made once for each certificate and kept until the
 * certificates change. RFC 8446, RFC 6066 section 3.
 *
 * `server.setSecureContext` has no effect on this platform, so every TLS
 * socket is given its context at the handshake, the default one too.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import type { ClientAuthorities } from "./client_authorities.ts";
import { tlsEndPoint } from "./tls_end_point.ts";

/** A certificate chain, leaf first, with its private key. PEM. */
export interface KeyPair {
  readonly chain: string;
  readonly key: string;
}

/**
 * Where certificates come from; the role `certificates` fits. `undefined` as
 * name asks for the default.
 */
export interface KeyPairSource {
  get(serverName: string | undefined): Promise<KeyPair | undefined>;
  onChange(listener: () => void): () => void;
}

/** How many names are remembered. A client can ask for any name it likes. */
const MAX_NAMES = 1000;

/** Time for a handshake: two round trips on the slowest line that is used. */
export const HANDSHAKE_TIMEOUT_MS = 60_000;

/** Oldest version spoken. RFC 8996 forbids what is older. */
const MIN_VERSION = "TLSv1.2";

/**
 * Contexts made of a source of certificates. Use:
 *
 * ```ts ignore
 * const contexts = new TlsContexts(host.use(config.tls));
 * await contexts.start();          // in `start` of the endpoint
 * await connection.startTls(contexts); // it is a `TlsServerSettings`
 * contexts.stop();                 // in `stop`
 * ```
 *
 * `context` never rejects for a certificate that cannot be used when an older
 * one still can: after a change that breaks, the old contexts stay in use.
 */
export class TlsContexts {
  readonly handshakeTimeoutMs: number = HANDSHAKE_TIMEOUT_MS;
  /** Whose certificates clients may log in with; left out: none are asked for. */
  readonly clients?: ClientAuthorities;
  readonly #source: KeyPairSource;
  readonly #onError: (error: unknown) => void;
  #default: SecureContext | undefined;
  #names = new Map<string, SecureContext | undefined>();
  #generation = 0;
  readonly #endPoints = new WeakMap<SecureContext, Uint8Array>();
  #unwatch: (() => void) | undefined;

  /** `onError` is told when changed certificates cannot be used. */
  constructor(
    source: KeyPairSource,
    onError: (error: unknown) => void = () => {},
    clients?: ClientAuthorities,
  ) {
    this.#source = source;
    if (clients !== undefined) this.clients = clients;
    this.#onError = onError;
  }

  /**
   * Loads the default context and watches for changes. Rejects when the
   * default certificate cannot be used.
   */
  async start(): Promise<void> {
    this.#default = await this.#load(undefined);
    this.#unwatch = this.#source.onChange(() => {
      this.#reload().catch(this.#onError);
    });
  }

  /** Key and certificate of the default, as the source has them now. */
  defaultPair(): Promise<KeyPair | undefined> {
    return this.#source.get(undefined);
  }

  /** Hash of the certificate of a context. RFC 5929 section 4. */
  endPoint(context: SecureContext): Uint8Array | undefined {
    return this.#endPoints.get(context);
  }

  /** The context for clients that name no server; known after `start`. */
  get defaultContext(): SecureContext | undefined {
    return this.#default;
  }

  /** The context for a server name; that of the default where it has none. */
  async context(
    serverName: string | undefined,
  ): Promise<SecureContext | undefined> {
    if (serverName === undefined || serverName === "") return this.#default;
    const name = lowerAscii(serverName);
    if (this.#names.has(name)) return this.#names.get(name) ?? this.#default;
    const generation = this.#generation;
    const context = await this.#load(name);
    if (generation === this.#generation) this.#remember(name, context);
    return context ?? this.#default;
  }

  /** Watches no longer. Contexts in use stay usable. */
  stop(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  async #reload(): Promise<void> {
    const context = await this.#load(undefined);
    this.#generation++;
    this.#default = context;
    this.#names = new Map();
  }

  async #load(name: string | undefined): Promise<SecureContext | undefined> {
    const pair = await this.#source.get(name);
    if (pair === undefined) return undefined;
    checkPair(pair);
    const context = createSecureContext({
      cert: pair.chain,
      key: pair.key,
      minVersion: MIN_VERSION,
      ...(this.clients === undefined ? {} : { ca: this.clients.pem }),
    });
    const endPoint = tlsEndPoint(pair.chain);
    if (endPoint !== undefined) this.#endPoints.set(context, endPoint);
    return context;
  }

  #remember(name: string, context: SecureContext | undefined): void {
    if (this.#names.size >= MAX_NAMES) {
      const [oldest] = this.#names.keys();
      if (oldest !== undefined) this.#names.delete(oldest);
    }
    this.#names.set(name, context);
  }
}

/** A context is made of anything here; the handshake would fail. */
function checkPair({ chain, key }: KeyPair): void {
  const leaf = new X509Certificate(chain);
  if (!isKeyOf(leaf, key)) {
    throw new TypeError(`The key is not that of "${leaf.subject}"`);
  }
}

function isKeyOf(leaf: X509Certificate, key: string): boolean {
  const privateKey = createPrivateKey(key);
  try {
    return leaf.checkPrivateKey(privateKey);
  } catch (error) {
    // Deno 2.6 cannot compare them; there the handshake shows it.
    if (error instanceof Error && /^Not impl/.test(error.message)) return true;
    throw error;
  }
}

/** Host names are ASCII on the wire. */
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

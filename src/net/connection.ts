/**
 * A byte connection as protocols see it: awaited reads and writes, deadlines,
 * bounds, and the change to TLS. Sockets are behind `socket_connection.ts`, the
 * in-memory pair for tests is `memory_connection.ts`. Nothing here knows a
 * protocol.
 */
import type { SecureContext } from "node:tls";

/** Facts of the TLS session of a connection. */
export interface ConnectionTls {
  /** As OpenSSL spells it: `TLSv1.3`. */
  readonly version: string;
  readonly cipher: string;
  readonly serverName: string | undefined;
  /** `tls-server-end-point`: hash of our certificate. RFC 5929 section 4. */
  readonly endPoint?: Uint8Array;
  /** Mail addresses that the certificate of the client proves to be its own. */
  readonly clientAddresses?: readonly string[];
}

/** How the server's side of TLS finds its key and certificate. */
export interface TlsServerSettings {
  /** Asked at every handshake, so that a renewed certificate is used. */
  context(serverName: string | undefined): Promise<SecureContext | undefined>;
  readonly handshakeTimeoutMs: number;
  /** `tls-server-end-point` of a context. RFC 5929 section 4. */
  endPoint?(context: SecureContext): Uint8Array | undefined;
  /** Clients are asked for a certificate, which they need not have. */
  readonly clients?: {
    /** Mail addresses that a certificate (DER) proves. */
    addressesOf(der: Uint8Array): readonly string[];
  };
}

/**
 * One connection. One reader and one writer at a time.
 *
 * After any rejection of `read`, `write` or `startTls` the connection is
 * closed, save where `read` is told otherwise; calling `close` again does no
 * harm.
 */
export interface Connection {
  /** Canonical text; IPv4 never in its mapped form. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** `undefined` while the connection is plain. */
  readonly tls: ConnectionTls | undefined;
  /** Whether nothing more can be written. */
  readonly closed: boolean;
  /**
   * The next bytes, which belong to the caller; `undefined` at the end.
   * Rejects with `ConnectionTimeout` when nothing came in `timeoutMs`; with
   * `staysOpen` the caller may say something then, and closes.
   */
  read(
    timeoutMs: number,
    options?: { readonly staysOpen: boolean },
  ): Promise<Uint8Array | undefined>;
  /**
   * Queues bytes, which nobody may change afterwards, and resolves when the
   * queue is below its bound. Rejects when the peer has not taken anything for
   * the write deadline, or is gone.
   */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Changes to TLS as the server. The caller has made sure that no byte of the
   * peer is left unread (RFC 9051 section 6.2.1, CVE-2011-0411); bytes that
   * this connection holds make it reject. `context` is for clients that name no
   * server; it is asked for before, so that nothing is read in between.
   */
  startTls(settings: TlsServerSettings, context: SecureContext): Promise<void>;
  /** Sends what is queued, then closes. Resolves when the socket is gone. */
  close(): Promise<void>;
  /** Closes at once. */
  destroy(): void;
}

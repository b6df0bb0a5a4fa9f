/**
 * `Connection` over a `node:net` socket: reading is paused while more than a
 * bound lies unread, writes wait for the socket's own queue, one lazily moved
 * timer serves all deadlines of reading.
 */
import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type {
  Connection,
  ConnectionTls,
  TlsServerSettings,
} from "./connection.ts";
import {
  ConnectionClosed,
  ConnectionTimeout,
  TlsError,
} from "./connection_errors.ts";

/** Unread bytes above which the socket is paused. */
const READ_HIGH_WATER_BYTES = 128 * 1024;

/**
 * Queued bytes above which a writer waits. More than the socket itself would
 * have, so that the next answer is made while the last one is being sent.
 */
const WRITE_HIGH_WATER_BYTES = 128 * 1024;

/**
 * Time in which a peer must take something of what is queued for it. Long
 * enough for a phone that changes networks, short enough that a stopped client
 * does not hold its buffers for long.
 */
const WRITE_TIMEOUT_MS = 120_000;

/** Time in which `close` waits for the queue to be sent. */
const CLOSE_TIMEOUT_MS = 10_000;

/** One connection over a socket; takes the socket over. */
export class SocketConnection implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  #socket: Socket;
  #tls: ConnectionTls | undefined;
  #chunks: Uint8Array[] = [];
  #unread = 0;
  #ended = false;
  #isListening = false;
  #error: Error | undefined;
  #waiter: PromiseWithResolvers<Uint8Array | undefined> | undefined;
  #deadline = 0;
  /** The end of the deadline is not the end of the connection. */
  #staysOpen = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = 0;

  readonly #writeTimeoutMs: number;

  /** `tls`: what is known of TLS that has begun already. */
  constructor(
    socket: Socket,
    tls?: ConnectionTls,
    options: { readonly writeTimeoutMs?: number } = {},
  ) {
    this.#socket = socket;
    this.#writeTimeoutMs = options.writeTimeoutMs ?? WRITE_TIMEOUT_MS;
    this.#tls = tls;
    this.remoteAddress = plainAddress(socket.remoteAddress);
    this.remotePort = socket.remotePort ?? 0;
    this.localAddress = plainAddress(socket.localAddress);
    this.localPort = socket.localPort ?? 0;
    // Bytes are asked for at the first read, so that TLS can come first.
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#end());
  }

  get tls(): ConnectionTls | undefined {
    return this.#tls;
  }

  get closed(): boolean {
    return this.#socket.destroyed || !this.#socket.writable;
  }

  read(
    timeoutMs: number,
    { staysOpen } = { staysOpen: false },
  ): Promise<Uint8Array | undefined> {
    if (!this.#isListening) this.#listen(this.#socket);
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#unread -= chunk.length;
      if (this.#socket.isPaused() && this.#unread < READ_HIGH_WATER_BYTES) {
        this.#socket.resume();
      }
      return Promise.resolve(chunk);
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(undefined);
    this.#waiter = Promise.withResolvers<Uint8Array | undefined>();
    this.#deadline = performance.now() + timeoutMs;
    this.#staysOpen = staysOpen;
    this.#armTimer();
    return this.#waiter.promise;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    if (this.#error !== undefined) throw this.#error;
    if (this.closed) throw new ConnectionClosed("The connection is closed");
    if (this.#socket.write(bytes)) return;
    if (this.#socket.writableLength < WRITE_HIGH_WATER_BYTES) return;
    await this.#drained();
  }

  async startTls(
    settings: TlsServerSettings,
    context: SecureContext,
  ): Promise<void> {
    if (this.#unread > 0 || this.#ended) {
      this.destroy();
      throw new TlsError("Bytes were sent before the TLS handshake");
    }
    const plain = this.#socket;
    plain.removeAllListeners("data");
    plain.removeAllListeners("end");
    plain.removeAllListeners("close");
    // "error" keeps its listener: an error without one ends the process.
    let used = context;
    const secure = new TLSSocket(
      plain,
      {
        isServer: true,
        secureContext: context,
        requestCert: settings.clients !== undefined,
        // Who has none can still log in with a password.
        rejectUnauthorized: false,
        SNICallback(name, done): void {
          settings.context(name).then(
            (context) => {
              used = context ?? used;
              done(null, context);
            },
            (error) => done(error instanceof Error ? error : null),
          );
        },
        // The type of @types/node asks for more than a server needs.
      } as ConstructorParameters<typeof TLSSocket>[1],
    );
    this.#socket = secure;
    secure.on("error", (error) => this.#fail(error));
    await this.#handshake(secure, settings.handshakeTimeoutMs);
    const endPoint = settings.endPoint?.(used);
    this.#tls = factsOf(secure);
    if (endPoint !== undefined) this.#tls = { ...this.#tls, endPoint };
    const clientAddresses = addressesOf(secure, settings);
    if (clientAddresses.length > 0) {
      this.#tls = { ...this.#tls, clientAddresses };
    }
    this.#isListening = false;
    secure.on("close", () => this.#end());
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#clearTimer();
    if (!socket.destroyed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
      // "finish": all is handed to the system; "close": somebody was faster.
      socket.once("finish", resolve);
      socket.once("close", resolve);
      socket.end();
      await promise;
      clearTimeout(timer);
    }
    this.destroy();
  }

  destroy(): void {
    this.#clearTimer();
    this.#socket.destroy();
    this.#fail(new ConnectionClosed("The connection is closed"));
  }

  #listen(socket: Socket): void {
    this.#isListening = true;
    socket.on("data", (chunk: Uint8Array) => this.#take(chunk));
    socket.on("end", () => this.#end());
  }

  #take(chunk: Uint8Array): void {
    const waiter = this.#waiter;
    if (waiter !== undefined) {
      this.#waiter = undefined;
      waiter.resolve(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#unread += chunk.length;
    if (this.#unread >= READ_HIGH_WATER_BYTES) this.#socket.pause();
  }

  #end(): void {
    this.#ended = true;
    this.#clearTimer();
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve(undefined);
  }

  #fail(error: Error): void {
    this.#error ??= error instanceof ConnectionTimeout ||
        error instanceof ConnectionClosed
      ? error
      : new ConnectionClosed("The connection broke", { cause: error });
    this.#clearTimer();
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.reject(this.#error);
  }

  /** One timer for all reads: it looks at the deadline when it fires. */
  #armTimer(): void {
    if (this.#timer !== undefined) {
      // A timer that fires too early is armed again; too late must not be.
      if (this.#timerAt <= this.#deadline) return;
      clearTimeout(this.#timer);
    }
    this.#timerAt = this.#deadline;
    const wait = Math.max(1, this.#deadline - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiter === undefined) return;
      if (performance.now() + 1 < this.#deadline) return this.#armTimer();
      const late = new ConnectionTimeout("Nothing was sent in time");
      if (this.#staysOpen) {
        this.#waiter.reject(late);
        this.#waiter = undefined;
        return;
      }
      this.#socket.destroy();
      this.#fail(late);
    }, wait);
    Deno.unrefTimer(Number(this.#timer));
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Waits until the queue of the socket is empty. */
  async #drained(): Promise<void> {
    const socket = this.#socket;
    const { promise, resolve } = Promise.withResolvers<void>();
    let timedOut = false;
    let before = socket.bytesWritten - socket.writableLength;
    const timer = setInterval(() => {
      const sent = socket.bytesWritten - socket.writableLength;
      if (sent !== before) {
        before = sent;
        return;
      }
      timedOut = true;
      resolve();
    }, this.#writeTimeoutMs);
    socket.once("drain", resolve);
    socket.once("close", resolve);
    try {
      await promise;
    } finally {
      clearInterval(timer);
      socket.removeListener("drain", resolve);
      socket.removeListener("close", resolve);
    }
    if (timedOut) {
      const error = new ConnectionTimeout("The peer does not read");
      this.#fail(error);
      socket.destroy();
      throw error;
    }
    if (this.#error !== undefined) throw this.#error;
    if (socket.destroyed) throw new ConnectionClosed("The peer is gone");
  }

  async #handshake(secure: TLSSocket, timeoutMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const gone = (): void => reject(new TlsError("The handshake broke off"));
    const failed = (cause: Error): void =>
      reject(new TlsError("The handshake failed", { cause }));
    const timer = setTimeout(
      () => reject(new TlsError("The handshake took too long")),
      timeoutMs,
    );
    secure.once("secure", resolve);
    secure.once("close", gone);
    secure.once("error", failed);
    try {
      await promise;
    } catch (error) {
      this.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      secure.removeListener("close", gone);
      secure.removeListener("error", failed);
    }
  }
}

function factsOf(socket: TLSSocket): ConnectionTls {
  const name: unknown = Reflect.get(socket, "servername");
  return {
    version: socket.getProtocol() ?? "TLS",
    cipher: socket.getCipher()?.name ?? "",
    serverName: typeof name === "string" && name !== "" ? name : undefined,
  };
}

/** What the certificate of the client proves; it need not have one. */
function addressesOf(
  socket: TLSSocket,
  { clients }: TlsServerSettings,
): readonly string[] {
  if (clients === undefined) return [];
  const { raw } = socket.getPeerCertificate() ?? {};
  return raw === undefined ? [] : clients.addressesOf(new Uint8Array(raw));
}

/** `::ffff:192.0.2.1` is `192.0.2.1`. */
function plainAddress(address: string | undefined): string {
  if (address === undefined) return "";
  return address.startsWith("::ffff:") && address.includes(".")
    ? address.slice(7)
    : address;
}

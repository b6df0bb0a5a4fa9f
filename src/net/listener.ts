/** Listening sockets, the only place where ports are opened. */
import type { Server, Socket } from "node:net";

/** `host:port`, an IPv6 host in brackets. */
export interface ListenAddress {
  readonly host: string;
  /** 0 asks for a free port. */
  readonly port: number;
}

/** A listening socket. */
export interface Listener {
  /** With the real port. */
  readonly address: ListenAddress;
  /** Takes no new connections; resolves when the socket is closed. */
  close(): Promise<void>;
}

/** How long the system may queue connections that nobody has accepted yet. */
const BACKLOG = 1024;

/** How a listener notices that it has gone deaf. */
export interface ListenOptions {
  /** How often it looks. */
  readonly lookMs?: number;
  /** Open connections from which on a lack of file descriptors is possible. */
  readonly manyConnections?: number;
}

/** Clients wait a minute and longer for an answer; a look costs nothing. */
const LOOK_MS = 5_000;
/** Below this, no machine that runs a server lacks descriptors. */
const MANY_CONNECTIONS = 200;

/**
 * Listens and hands every connection to `accept`. The port is shared with
 * other workers that listen on it too (SO_REUSEPORT).
 *
 * INTEROP Deno 2.9: a listening socket of `node:net` stops accepting for ever,
 * without an event, when the process runs out of file descriptors. So, when
 * there were many connections and then none came for a while, the socket is
 * replaced by a new one on the same address. It never spins.
 */
export async function listen(
  address: ListenAddress,
  accept: (socket: Socket) => void,
  options: ListenOptions = {},
): Promise<Listener> {
  const listener = new SharedListener(address, accept, options);
  await listener.open();
  return listener;
}

class SharedListener implements Listener {
  readonly #accept: (socket: Socket) => void;
  readonly #manyConnections: number;
  readonly #lookMs: number;
  #address: ListenAddress;
  #server: Server | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #open = 0;
  #peak = 0;
  #acceptedSinceLook = false;
  #isReplacing = false;

  constructor(
    address: ListenAddress,
    accept: (socket: Socket) => void,
    options: ListenOptions,
  ) {
    this.#address = address;
    this.#accept = accept;
    this.#lookMs = options.lookMs ?? LOOK_MS;
    this.#manyConnections = options.manyConnections ?? MANY_CONNECTIONS;
  }

  get address(): ListenAddress {
    return this.#address;
  }

  async open(): Promise<void> {
    const server = await this.#listening();
    const bound = server.address();
    if (bound !== null && typeof bound === "object") {
      this.#address = { host: this.#address.host, port: bound.port };
    }
    this.#server = server;
    this.#timer = setInterval(() => this.#look(), this.#lookMs);
    Deno.unrefTimer(Number(this.#timer));
  }

  /**
   * The callback of `close` would wait for all accepted connections as well;
   * those belong to somebody else. The socket itself is closed at once.
   */
  close(): Promise<void> {
    clearInterval(this.#timer);
    this.#server?.close(() => {});
    this.#server = undefined;
    return Promise.resolve();
  }

  async #listening(): Promise<Server> {
    const { createServer } = await import("node:net");
    const server = createServer(
      { noDelay: true },
      (socket) => this.#take(socket),
    );
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen(
      { ...this.#address, backlog: BACKLOG, reusePort: true },
      resolve,
    );
    await promise;
    server.removeListener("error", reject);
    // After listening, errors concern single accepts; the socket stays.
    server.on("error", () => {});
    return server;
  }

  #take(socket: Socket): void {
    this.#acceptedSinceLook = true;
    this.#open++;
    this.#peak = Math.max(this.#peak, this.#open);
    socket.once("close", () => this.#open--);
    this.#accept(socket);
  }

  #look(): void {
    const isSuspicious = this.#peak >= this.#manyConnections &&
      !this.#acceptedSinceLook && !this.#isReplacing;
    this.#acceptedSinceLook = false;
    if (!isSuspicious) return;
    this.#isReplacing = true;
    this.#replace().catch(() => {
      // Still no descriptors: the next look tries again.
    }).finally(() => this.#isReplacing = false);
  }

  async #replace(): Promise<void> {
    const old = this.#server;
    if (old === undefined) return;
    const next = await this.#listening();
    if (this.#server !== old) {
      // Closed meanwhile.
      next.close(() => {});
      return;
    }
    this.#server = next;
    this.#peak = this.#open;
    old.close(() => {});
  }
}

/** Reads `host:port`, `[v6]:port`; `undefined` where it is neither. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:\s]+)):([0-9]{1,5})$/
    .exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number.parseInt(match?.[3] ?? "", 10);
  if (host === undefined || !(port >= 0 && port <= 65535)) return undefined;
  return { host, port };
}

/** As `parseListenAddress`, for text that the configuration has checked. */
export function readListenAddress(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (address === undefined) throw new TypeError(`Not an address: ${text}`);
  return address;
}

/** `parseListenAddress` the other way round. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

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

/**
 * Listens and hands every connection to `accept`. The port is shared with
 * other workers that listen on it too (SO_REUSEPORT).
 */
export async function listen(
  address: ListenAddress,
  accept: (socket: Socket) => void,
): Promise<Listener> {
  // Loaded here: who only reads addresses does not need sockets.
  const { createServer } = await import("node:net");
  const server = createServer({ noDelay: true }, accept);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(
    {
      host: address.host,
      port: address.port,
      backlog: BACKLOG,
      reusePort: true,
    },
    resolve,
  );
  await promise;
  server.removeListener("error", reject);
  // After listening, errors concern single accepts (EMFILE); the socket stays.
  server.on("error", () => {});
  const bound = server.address();
  const port = bound !== null && typeof bound === "object"
    ? bound.port
    : address.port;
  return {
    address: { host: address.host, port },
    close: () => closeServer(server),
  };
}

/**
 * The callback of `close` would wait for all accepted connections as well;
 * those belong to somebody else. The socket itself is closed at once.
 */
function closeServer(server: Server): Promise<void> {
  server.close(() => {});
  return Promise.resolve();
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

/** The other way round. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

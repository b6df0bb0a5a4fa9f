/** Ports on which TLS begins with the first byte. RFC 8314 section 3. */
import type { Socket } from "node:net";
import { listen, type ListenAddress, type Listener } from "./listener.ts";
import { canWrapSockets } from "./runtime_support.ts";
import type { KeyPair } from "./tls_contexts.ts";

/** Takes a connection; `isSecure`: TLS has begun on it already. */
export type Accept = (socket: Socket, isSecure: boolean) => void;

/**
 * Listens as `listen` does: the endpoint begins TLS on what it accepts. Where
 * the runtime cannot do that, the port itself speaks TLS, with the default
 * certificate for every name and in one worker only.
 */
export async function listenImplicit(
  address: ListenAddress,
  accept: Accept,
  pair: () => Promise<KeyPair | undefined>,
): Promise<Listener> {
  const isSecure = !canWrapSockets();
  const take = (socket: Socket): void => accept(socket, isSecure);
  return isSecure
    ? await listenTls(address, take, await pair())
    : await listen(address, take);
}

async function listenTls(
  { host, port }: ListenAddress,
  accept: (socket: Socket) => void,
  pair: KeyPair | undefined,
): Promise<Listener> {
  const { createServer } = await import("node:tls");
  // On that runtime `host` is an option of the server, not of `listen`.
  const options = { cert: pair?.chain, key: pair?.key, host, noDelay: true };
  const server = createServer(
    options as Parameters<typeof createServer>[0],
    accept,
  );
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(port, listening.resolve);
  await listening.promise;
  // After listening, errors concern single accepts; the socket stays.
  server.on("error", () => {});
  const bound = server.address();
  const realPort = typeof bound === "object" ? bound?.port : undefined;
  return {
    address: { host, port: realPort ?? port },
    close(): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      return promise;
    },
  };
}

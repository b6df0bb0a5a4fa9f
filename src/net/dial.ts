/** Outgoing connections, the only place where they are opened. */
import { createConnection, type Socket } from "node:net";
import { UnavailableError } from "#src/errors/errors.ts";

/** Where to connect to, and for how long to try. */
export interface DialOptions {
  /** An IP address; names are resolved by the caller. */
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Nobody took the connection. */
export class DialError extends UnavailableError {}

/**
 * Connects. Rejects with `DialError`, or with the signal's reason. The caller
 * owns the socket and has to listen for its errors at once.
 */
export async function dial(options: DialOptions): Promise<Socket> {
  const { address, port, timeoutMs, signal } = options;
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const where = address.includes(":")
    ? `[${address}]:${port}`
    : `${address}:${port}`;
  const fail = (reason: string, cause?: unknown): void =>
    reject(new DialError(`Cannot connect to ${where}: ${reason}`, { cause }));
  const socket = createConnection({ host: address, port, noDelay: true });
  const timer = setTimeout(() => fail("no answer in time"), timeoutMs);
  const abort = (): void => reject(signal?.reason);
  const onError = (error: Error): void => {
    const code = "code" in error ? String(error.code) : error.message;
    fail(code, error);
  };
  signal?.addEventListener("abort", abort, { once: true });
  socket.once("connect", resolve);
  socket.on("error", onError);
  try {
    await promise;
  } catch (error) {
    // A socket that is destroyed may still report; nobody listens any more.
    socket.on("error", () => {});
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    socket.removeListener("error", onError);
  }
  return socket;
}

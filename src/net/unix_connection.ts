/** `Connection` over a Unix socket: the peer is a process of this machine. */
import type { Connection } from "./connection.ts";
import { ConnectionClosed, ConnectionTimeout } from "./connection_errors.ts";

const CHUNK_BYTES = 64 * 1024;

/** A peer that takes nothing for so long is gone. */
const WRITE_TIMEOUT_MS = 5 * 60_000;

/** One connection; it never has TLS. */
export class UnixConnection implements Connection {
  readonly remoteAddress = "local";
  readonly remotePort = 0;
  readonly localAddress = "local";
  readonly localPort = 0;
  readonly tls = undefined;
  readonly #socket: Deno.UnixConn;
  #first: Uint8Array | undefined;
  #closed = false;

  /** `first`: what was read from the socket already, and is read once more. */
  constructor(socket: Deno.UnixConn, first: Uint8Array = new Uint8Array()) {
    this.#socket = socket;
    this.#first = first.length === 0 ? undefined : first;
  }

  get closed(): boolean {
    return this.#closed;
  }

  async read(timeoutMs: number): Promise<Uint8Array | undefined> {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) return first;
    const chunk = new Uint8Array(CHUNK_BYTES);
    const count = await this.#inTime(timeoutMs, () => this.#socket.read(chunk));
    return count === null ? undefined : chunk.subarray(0, count);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      const rest = bytes.subarray(written);
      written += await this.#inTime(
        WRITE_TIMEOUT_MS,
        () => this.#socket.write(rest),
      );
    }
  }

  startTls(): Promise<void> {
    return Promise.reject(new TypeError("A Unix socket needs no TLS"));
  }

  close(): Promise<void> {
    this.destroy();
    return Promise.resolve();
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  /** Runs a read or write; when it fails or takes too long, all is over. */
  async #inTime<T>(timeoutMs: number, run: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new ConnectionClosed("The connection is closed");
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.destroy();
    }, timeoutMs);
    try {
      return await run();
    } catch (error) {
      this.destroy();
      throw isLate
        ? new ConnectionTimeout("Nothing moved in time")
        : new ConnectionClosed("The connection broke", { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}

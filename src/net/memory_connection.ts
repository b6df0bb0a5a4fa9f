/** Two connected ends in memory, so that protocols are tested without sockets. */
import type { SecureContext } from "node:tls";
import type {
  Connection,
  ConnectionTls,
  TlsServerSettings,
} from "./connection.ts";
import { ConnectionClosed, ConnectionTimeout } from "./connection_errors.ts";

/** Bytes that one direction holds before a write waits. */
const PIPE_BYTES = 64 * 1024;

/** One direction. */
class Pipe {
  readonly chunks: Uint8Array[] = [];
  held = 0;
  ended = false;
  #moved = Promise.withResolvers<void>();

  /** Resolves at the next change. */
  get moved(): Promise<void> {
    return this.#moved.promise;
  }

  notify(): void {
    this.#moved.resolve();
    this.#moved = Promise.withResolvers<void>();
  }
}

/** One end. `startTls` only says that TLS is there. */
export class MemoryConnection implements Connection {
  readonly remoteAddress = "192.0.2.7";
  readonly remotePort = 40000;
  readonly localAddress = "192.0.2.1";
  readonly localPort = 143;
  readonly #in: Pipe;
  readonly #out: Pipe;
  #tls: ConnectionTls | undefined;

  private constructor(incoming: Pipe, outgoing: Pipe) {
    this.#in = incoming;
    this.#out = outgoing;
  }

  /** Two ends of one connection. */
  static pair(): readonly [MemoryConnection, MemoryConnection] {
    const one = new Pipe();
    const two = new Pipe();
    return [new MemoryConnection(one, two), new MemoryConnection(two, one)];
  }

  get tls(): ConnectionTls | undefined {
    return this.#tls;
  }

  get closed(): boolean {
    return this.#out.ended;
  }

  async read(timeoutMs: number): Promise<Uint8Array | undefined> {
    while (this.#in.chunks.length === 0 && !this.#in.ended) {
      await withTimeout(this.#in.moved, timeoutMs);
    }
    const chunk = this.#in.chunks.shift();
    if (chunk !== undefined) {
      this.#in.held -= chunk.length;
      this.#in.notify();
    }
    return chunk;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#out.ended) throw new ConnectionClosed("The peer is gone");
    if (bytes.length === 0) return;
    this.#out.chunks.push(bytes.slice());
    this.#out.held += bytes.length;
    this.#out.notify();
    while (this.#out.held > PIPE_BYTES && !this.#out.ended) {
      await this.#out.moved;
    }
  }

  startTls(
    _settings: TlsServerSettings,
    _context: SecureContext,
  ): Promise<void> {
    this.#tls = { version: "TLSv1.3", cipher: "none", serverName: undefined };
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.destroy();
    return Promise.resolve();
  }

  /** Ends this direction only. */
  finish(): void {
    this.#out.ended = true;
    this.#out.notify();
  }

  destroy(): void {
    this.#out.ended = true;
    this.#in.ended = true;
    this.#out.notify();
    this.#in.notify();
  }
}

async function withTimeout(
  promise: Promise<void>,
  timeoutMs: number,
): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new ConnectionTimeout("Nothing was sent in time")),
    timeoutMs,
  );
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

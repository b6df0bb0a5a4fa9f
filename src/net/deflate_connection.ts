/**
 * A connection whose bytes are compressed in both directions: raw DEFLATE (RFC
 * 1951), flushed at each write so that the peer sees it at once. RFC 4978 uses
 * it for IMAP.
 *
 * What a small piece of input inflates to is not known before: output is made
 * only as it is read, so that a bomb costs time of its sender and a bounded
 * buffer, never memory.
 */
import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  type InflateRaw,
} from "node:zlib";
import type { Connection, ConnectionTls } from "./connection.ts";
import { ConnectionClosed, ConnectionTimeout } from "./connection_errors.ts";

/**
 * Between speed and size, and half of zlib's usual memory (128 KiB a session):
 * answers repeat themselves within short distances.
 */
const OPTIONS = { level: 5, windowBits: 14, memLevel: 7 };

/** Compresses over `inner`, which it takes over. */
export class DeflateConnection implements Connection {
  readonly inner: Connection;
  readonly #deflate: DeflateRaw;
  readonly #inflate: InflateRaw;
  #compressed: Uint8Array[] = [];
  #flushing: PromiseWithResolvers<void> | undefined;
  /** The inflater has taken input that it has not finished. */
  #isBusy = false;
  #hasEnded = false;
  #error: Error | undefined;
  #stirred = Promise.withResolvers<void>();

  constructor(inner: Connection) {
    this.inner = inner;
    this.#deflate = createDeflateRaw(OPTIONS);
    this.#deflate.on("data", (chunk: Uint8Array) => {
      this.#compressed.push(chunk);
    });
    // As a stream it stops where 64 KiB wait for their reader.
    this.#inflate = createInflateRaw();
    this.#inflate.on("readable", () => this.#stir());
    this.#inflate.on("end", () => {
      this.#hasEnded = true;
      this.#stir();
    });
    for (const stream of [this.#deflate, this.#inflate]) {
      stream.on("error", (cause) => {
        this.#error ??= new ConnectionClosed("The compression broke", {
          cause,
        });
        this.#flushing?.resolve();
        this.#stir();
      });
    }
  }

  get remoteAddress(): string {
    return this.inner.remoteAddress;
  }

  get remotePort(): number {
    return this.inner.remotePort;
  }

  get localAddress(): string {
    return this.inner.localAddress;
  }

  get localPort(): number {
    return this.inner.localPort;
  }

  get tls(): ConnectionTls | undefined {
    return this.inner.tls;
  }

  get closed(): boolean {
    return this.inner.closed;
  }

  async read(
    timeoutMs: number,
    options = { staysOpen: false },
  ): Promise<Uint8Array | undefined> {
    const deadline = performance.now() + timeoutMs;
    while (true) {
      const chunk: unknown = this.#inflate.read();
      if (chunk instanceof Uint8Array) return chunk;
      if (this.#error !== undefined) {
        this.destroy();
        throw this.#error;
      }
      if (this.#hasEnded) return undefined;
      if (this.#isBusy) {
        await this.#stirred.promise;
        continue;
      }
      const left = deadline - performance.now();
      if (left <= 0) {
        if (!options.staysOpen) this.destroy();
        throw new ConnectionTimeout("Nothing was sent in time");
      }
      const input = await this.inner.read(left, options);
      if (input === undefined) return undefined;
      this.#inflateMore(input);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    if (this.#error !== undefined) throw this.#error;
    if (this.closed) throw new ConnectionClosed("The connection is closed");
    const flushing = Promise.withResolvers<void>();
    this.#flushing = flushing;
    this.#deflate.write(bytes);
    this.#deflate.flush(constants.Z_SYNC_FLUSH, () => flushing.resolve());
    await flushing.promise;
    if (this.#error !== undefined) throw this.#error;
    const compressed = this.#compressed;
    this.#compressed = [];
    for (const chunk of compressed) await this.inner.write(chunk);
  }

  /** TLS lies below compression and comes before it. */
  startTls(): Promise<void> {
    return Promise.reject(new TypeError("Compression has begun already"));
  }

  /**
   * Ends the compression; `inner` can be used again. Says whether everything
   * that the peer has sent was read.
   */
  release(): boolean {
    const hasUnread = this.#isBusy || this.#inflate.readableLength > 0 ||
      this.#hasEnded || this.#error !== undefined;
    this.#free();
    return !hasUnread;
  }

  async close(): Promise<void> {
    this.#free();
    await this.inner.close();
  }

  destroy(): void {
    this.#free();
    this.inner.destroy();
  }

  #inflateMore(input: Uint8Array): void {
    this.#isBusy = true;
    this.#stirred = Promise.withResolvers<void>();
    this.#inflate.write(input, () => {
      this.#isBusy = false;
      this.#stir();
    });
  }

  /** Wakes the reader, which looks what has happened. */
  #stir(): void {
    this.#stirred.resolve();
    if (this.#isBusy) this.#stirred = Promise.withResolvers<void>();
  }

  #free(): void {
    this.#deflate.destroy();
    this.#inflate.destroy();
    this.#error ??= new ConnectionClosed("The connection is closed");
    this.#isBusy = false;
    this.#flushing?.resolve();
    this.#stir();
  }
}

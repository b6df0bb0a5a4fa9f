/**
 * Connections to other servers, kept open for a moment to be used again, and
 * limited for each server.
 */
import type { SmtpClient } from "#src/smtp/client/smtp_client.ts";

/** Bounds of a pool. */
export interface PoolOptions {
  /** How long an unused connection stays open. */
  readonly idleMs: number;
  /** Connections to one server at the same time. */
  readonly perHost: number;
  /** Messages over one connection. */
  readonly messages: number;
}

/** A connection and what is known of it. */
export interface Pooled {
  readonly key: string;
  readonly client: SmtpClient;
  /** It has carried a message before. */
  readonly isReused: boolean;
  readonly messages: number;
}

/** Whether a connection that was used before will do. */
export type Which = "any" | "new";

type Timer = ReturnType<typeof setTimeout>;

/** One server. */
interface Host {
  /** Connections in use or being made. */
  busy: number;
  readonly idle: (Pooled & { readonly timer: Timer })[];
  readonly waiting: (() => void)[];
}

/** Connections by server. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #hosts = new Map<string, Host>();
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * An open connection to the server `key`, used before or made by `connect`.
   * Waits while the server has as many as it may have. Give it back with
   * `release`.
   */
  async acquire(
    key: string,
    connect: () => Promise<SmtpClient>,
    signal: AbortSignal,
    which: Which,
  ): Promise<Pooled> {
    let host = this.#host(key);
    while (host.busy >= this.#options.perHost) {
      await this.#turn(host, signal);
      // What was forgotten meanwhile is not the one to count in.
      host = this.#host(key);
    }
    if (signal.aborted) host.waiting.shift()?.();
    signal.throwIfAborted();
    host.busy++;
    const idle = which === "new" ? undefined : takeOpen(host);
    if (idle !== undefined) return { ...idle, isReused: true };
    try {
      return { key, client: await connect(), isReused: false, messages: 0 };
    } catch (error) {
      this.#free(key, host);
      throw error;
    }
  }

  /**
   * Gives a connection back after a message. `isClean`: nothing went wrong, it
   * can carry another.
   */
  release(pooled: Pooled, isClean: boolean): void {
    const { key, client } = pooled;
    const host = this.#host(key);
    const messages = pooled.messages + 1;
    if (
      this.#isClosed || !client.isOpen || !isClean ||
      messages >= this.#options.messages || this.#options.idleMs === 0
    ) {
      client.quit();
    } else {
      const entry = {
        ...pooled,
        messages,
        timer: setTimeout(() => {
          remove(host, client);
          client.quit();
          this.#forget(key, host);
        }, this.#options.idleMs),
      };
      Deno.unrefTimer(entry.timer);
      client.onClose = () => {
        clearTimeout(entry.timer);
        remove(host, client);
        this.#forget(key, host);
      };
      host.idle.push(entry);
    }
    this.#free(key, host);
  }

  /** Ends all unused connections; those in use end when they are released. */
  close(): void {
    this.#isClosed = true;
    for (const host of this.#hosts.values()) {
      for (const { client, timer } of host.idle.splice(0)) {
        clearTimeout(timer);
        client.onClose = undefined;
        client.quit();
      }
    }
  }

  #host(key: string): Host {
    let host = this.#hosts.get(key);
    if (host === undefined) {
      host = { busy: 0, idle: [], waiting: [] };
      this.#hosts.set(key, host);
    }
    return host;
  }

  /** Resolves when a connection was given back. */
  async #turn(host: Host, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => reject(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener("abort", abort, { once: true });
    host.waiting.push(resolve);
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", abort);
      const at = host.waiting.indexOf(resolve);
      if (at >= 0) host.waiting.splice(at, 1);
    }
  }

  #free(key: string, host: Host): void {
    host.busy--;
    host.waiting.shift()?.();
    this.#forget(key, host);
  }

  /** A server without connections takes no memory. */
  #forget(key: string, host: Host): void {
    if (host.busy > 0 || host.idle.length > 0 || host.waiting.length > 0) {
      return;
    }
    if (this.#hosts.get(key) === host) this.#hosts.delete(key);
  }
}

/** The connection used last, which is the least likely to be gone. */
function takeOpen(host: Host): Pooled | undefined {
  while (true) {
    const entry = host.idle.pop();
    if (entry === undefined) return undefined;
    clearTimeout(entry.timer);
    entry.client.onClose = undefined;
    if (entry.client.isOpen) return entry;
  }
}

function remove(host: Host, client: SmtpClient): void {
  const at = host.idle.findIndex((entry) => entry.client === client);
  if (at >= 0) host.idle.splice(at, 1);
}

/**
 * The way to another worker. Stubs hold a link, not a channel: when the worker
 * was restarted, the link gets another channel and the stubs go on.
 */
import { UnavailableError } from "#src/errors/errors.ts";
import type { CallOptions, Channel } from "./channel.ts";

/** A worker as its peers reach it. */
export class Link {
  readonly name: string;
  #channel: Channel | undefined;
  readonly #listeners = new Set<(channel: Channel) => void>();

  constructor(name: string) {
    this.name = name;
  }

  /** Whether calls can be made now. */
  get up(): boolean {
    return this.#channel !== undefined && !this.#channel.closed;
  }

  /** The channel of now; throws `UnavailableError` while there is none. */
  get channel(): Channel {
    const channel = this.#channel;
    if (channel === undefined || channel.closed) {
      throw new UnavailableError(`${this.name} does not run`);
    }
    return channel;
  }

  /** Calls a service of the worker; see `Channel.call`. */
  async call(
    service: string,
    method: string,
    args: readonly unknown[],
    options?: CallOptions,
  ): Promise<unknown> {
    return await this.channel.call(service, method, args, options);
  }

  /** The worker runs (again); the channel before it, if any, is closed. */
  connect(channel: Channel): void {
    this.#channel?.close();
    this.#channel = channel;
    for (const listener of this.#listeners) listener(channel);
  }

  /** The worker has ended; what waits for it fails. */
  disconnect(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** Calls `listener` with the channel of now and each later one. */
  onConnect(listener: (channel: Channel) => void): void {
    this.#listeners.add(listener);
    if (this.up) listener(this.channel);
  }
}

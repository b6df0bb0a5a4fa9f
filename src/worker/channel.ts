/**
 * Calls between two workers over a message port: requests with numbers,
 * one-way notifications, cancellation, sequences with back-pressure.
 *
 * Both ends are alike: each may call services of the other. All messages of
 * one turn leave in one post. Bytes are cloned or transferred, never JSON.
 */
import type { Log } from "#src/log/log.ts";
import { UnavailableError } from "#src/errors/errors.ts";
import { Outbox, type Port } from "./outbox.ts";
import { SourceOwner } from "./source_owner.ts";
import { SourceReader } from "./source_reader.ts";
import { fromWireError, isKnownError, toWireError } from "./wire_error.ts";
import {
  BREAK,
  CALL,
  CANCEL,
  END,
  FAILURE,
  isSourceHandle,
  ITEM,
  NOTIFY,
  PULL,
  RESULT,
  RETURN,
  type SourceHandle,
  type WireMessage,
} from "./wire_message.ts";

/** What a service learns of a call besides its arguments. */
export interface CallContext {
  readonly channel: Channel;
  /** Aborted when the caller gives up or is gone. */
  readonly signal: AbortSignal;
  /** Buffers of the result that are given away instead of copied. */
  readonly transfer: Transferable[];
}

/** What the far side may call by name. */
export interface Service {
  call(
    method: string,
    args: readonly unknown[],
    context: CallContext,
  ): unknown;
  notified?(
    method: string,
    args: readonly unknown[],
    channel: Channel,
  ): void;
  /** The channel is gone; what was kept for it can be freed. */
  closed?(channel: Channel): void;
}

/** Options of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly transfer?: readonly Transferable[];
  readonly timeoutMs?: number;
}

/** Services by name; `PeerServices` or a map. */
export interface ServiceTable {
  get(name: string): Service | undefined;
  values(): Iterable<Service>;
}

/** What a channel needs. */
export interface ChannelOptions {
  /** Name of the far side, for errors and the log. */
  readonly name: string;
  readonly log: Log;
  readonly services: ServiceTable;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly deadline: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: (() => void) | undefined;
}

/** Longest wait for an answer where the caller does not say another. */
const DEFAULT_TIMEOUT_MS = 300_000;
/** Deadlines are looked at this often: cheaper than a timer a call. */
const SWEEP_MS = 1_000;
/** Calls that may wait for an answer at once. */
const MAX_PENDING = 20_000;

/** One end of a channel. */
export class Channel {
  readonly name: string;
  readonly #port: Port;
  readonly #log: Log;
  readonly #services: ServiceTable;
  readonly #outbox: Outbox<WireMessage>;
  readonly #pending = new Map<number, Pending>();
  readonly #serving = new Map<number, LazyContext>();
  readonly #owned = new Map<number, SourceOwner>();
  readonly #taken = new Map<number, SourceReader>();
  #lastId = 0;
  #lastSource = 0;
  #sweeper: ReturnType<typeof setInterval> | undefined;
  #closed: UnavailableError | undefined;

  constructor(port: Port, options: ChannelOptions) {
    this.name = options.name;
    this.#port = port;
    this.#log = options.log;
    this.#services = options.services;
    this.#outbox = new Outbox<WireMessage>(
      port,
      (message, error) => this.#refused(message, error),
    );
    port.onmessage = (event) => this.#receive(event.data);
  }

  /** Whether the far side is gone. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * Calls a method of the far side. Rejects with the error thrown there, with
   * the signal's reason, or with `UnavailableError` when the far side is gone
   * or does not answer in time.
   */
  call(
    service: string,
    method: string,
    args: readonly unknown[],
    options: CallOptions = {},
  ): Promise<unknown> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#pending.size >= MAX_PENDING) {
      return Promise.reject(
        new UnavailableError(`${this.name} has ${MAX_PENDING} calls to answer`),
      );
    }
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const onAbort = signal === undefined ? undefined : (): void => {
      this.#settle(id)?.reject(signal.reason);
      this.#outbox.send([CANCEL, id]);
    };
    if (onAbort !== undefined) {
      signal?.addEventListener("abort", onAbort, { once: true });
    }
    this.#pending.set(id, {
      resolve,
      reject,
      deadline: performance.now() + timeoutMs,
      timeoutMs,
      signal,
      onAbort,
    });
    this.#sweep();
    this.#outbox.send([CALL, id, service, method, args], options.transfer);
    return promise;
  }

  /** Tells the far side something; nobody answers. Lost when it is gone. */
  notify(service: string, method: string, args: readonly unknown[]): void {
    if (this.#closed !== undefined) return;
    this.#outbox.send([NOTIFY, service, method, args]);
  }

  /**
   * Puts a sequence into arguments or a result: the far side `take`s the
   * handle and pulls. `pack` names the buffers of an item to give away.
   */
  offer(
    items: AsyncIterable<unknown>,
    pack?: (item: unknown, transfer: Transferable[]) => unknown,
  ): SourceHandle {
    const id = ++this.#lastSource;
    const owner = new SourceOwner(items, {
      send: (value) => {
        const transfer: Transferable[] = [];
        const packed = pack === undefined ? value : pack(value, transfer);
        this.#outbox.send([ITEM, id, packed], transfer);
      },
      end: () => {
        this.#owned.delete(id);
        this.#outbox.send([END, id]);
      },
      fail: (error) => {
        this.#owned.delete(id);
        this.#outbox.send([BREAK, id, this.#wireError(error, "source")]);
      },
    });
    this.#owned.set(id, owner);
    return { $source: id };
  }

  /** Takes an offered sequence back; who still reads it fails. */
  withdraw(handle: SourceHandle): void {
    if (!this.#stop(handle.$source) || this.#closed !== undefined) return;
    const error = new UnavailableError("The sequence was taken back");
    this.#outbox.send([BREAK, handle.$source, toWireError(error, "")]);
  }

  /** The sequence behind a handle; may be called once. */
  take(handle: SourceHandle, prefetch: number): SourceReader {
    const id = handle.$source;
    const reader = new SourceReader({
      prefetch,
      pull: (credit) => this.#outbox.send([PULL, id, credit]),
      leave: () => {
        this.#taken.delete(id);
        if (this.#closed === undefined) this.#outbox.send([RETURN, id]);
      },
    });
    if (this.#closed !== undefined) reader.fail(this.#closed);
    else this.#taken.set(id, reader);
    return reader;
  }

  /** The far side is gone: everything that waits for it fails. */
  close(reason = `${this.name} is gone`): void {
    if (this.#closed !== undefined) return;
    const error = new UnavailableError(reason);
    this.#closed = error;
    clearInterval(this.#sweeper);
    this.#port.onmessage = null;
    this.#port.close?.();
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(error);
    for (const context of this.#serving.values()) context.abort(error);
    for (const owner of this.#owned.values()) owner.stop();
    for (const reader of this.#taken.values()) reader.fail(error);
    this.#serving.clear();
    this.#owned.clear();
    this.#taken.clear();
    for (const service of this.#services.values()) service.closed?.(this);
  }

  #receive(data: unknown): void {
    for (const message of data as readonly WireMessage[]) {
      if (this.#closed !== undefined) return;
      this.#handle(message);
    }
  }

  #handle(message: WireMessage): void {
    switch (message[0]) {
      case CALL:
        this.#serve(message[1], message[2], message[3], message[4]);
        return;
      case RESULT: {
        const pending = this.#settle(message[1]);
        if (pending !== undefined) pending.resolve(message[2]);
        else if (isSourceHandle(message[2])) {
          this.#outbox.send([RETURN, message[2].$source]);
        }
        return;
      }
      case FAILURE:
        this.#settle(message[1])?.reject(fromWireError(message[2]));
        return;
      case CANCEL:
        this.#serving.get(message[1])?.abort(
          new DOMException("The caller gave up", "AbortError"),
        );
        return;
      case NOTIFY:
        this.#notified(message[1], message[2], message[3]);
        return;
      case PULL:
        this.#owned.get(message[1])?.grant(message[2]);
        return;
      case RETURN:
        this.#stop(message[1]);
        return;
      case ITEM:
        this.#taken.get(message[1])?.receive(message[2]);
        return;
      case END:
        this.#taken.get(message[1])?.end();
        this.#taken.delete(message[1]);
        return;
      case BREAK:
        this.#taken.get(message[1])?.fail(fromWireError(message[2]));
        this.#taken.delete(message[1]);
        return;
    }
  }

  #serve(
    id: number,
    name: string,
    method: string,
    args: readonly unknown[],
  ): void {
    const context = new LazyContext(this);
    this.#serving.set(id, context);
    void this.#answer(id, name, method, args, context);
  }

  async #answer(
    id: number,
    name: string,
    method: string,
    args: readonly unknown[],
    context: LazyContext,
  ): Promise<void> {
    try {
      const service = this.#services.get(name);
      if (service === undefined) {
        throw new UnavailableError(`Nothing here is called ${name}`);
      }
      const value = await service.call(method, args, context);
      this.#serving.delete(id);
      if (this.#closed !== undefined) return;
      this.#outbox.send([RESULT, id, value], context.transfer);
    } catch (error) {
      this.#serving.delete(id);
      if (this.#closed !== undefined) return;
      const wire = this.#wireError(error, `${name} ${method}`);
      this.#outbox.send([FAILURE, id, wire]);
    }
  }

  #notified(name: string, method: string, args: readonly unknown[]): void {
    try {
      this.#services.get(name)?.notified?.(method, args, this);
    } catch (error) {
      this.#log.error("notification failed", { service: name, method, error });
    }
  }

  /** Logs what the far side would not know, under the reference it is told. */
  #wireError(error: unknown, what: string): ReturnType<typeof toWireError> {
    const reference = crypto.randomUUID().slice(0, 8);
    if (!isKnownError(error)) {
      const stack = error instanceof Error ? error.stack : undefined;
      this.#log.error("call failed", { what, reference, error, stack });
    }
    return toWireError(error, reference);
  }

  /** A message that could not be cloned. */
  #refused(message: WireMessage, error: unknown): void {
    if (this.#closed !== undefined) return;
    switch (message[0]) {
      case CALL:
        this.#settle(message[1])?.reject(error);
        return;
      case RESULT:
        this.#outbox.send([
          FAILURE,
          message[1],
          this.#wireError(error, "result"),
        ]);
        return;
      case ITEM: {
        this.#stop(message[1]);
        const wire = this.#wireError(error, "item");
        this.#outbox.send([BREAK, message[1], wire]);
        return;
      }
      default:
        this.#log.error("message not sent", { peer: this.name, error });
    }
  }

  /** Ends a sequence of ours; says whether it was still there. */
  #stop(source: number): boolean {
    const owner = this.#owned.get(source);
    this.#owned.delete(source);
    owner?.stop();
    return owner !== undefined;
  }

  /** Takes a call out of the waiting ones. */
  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    if (pending.onAbort !== undefined) {
      pending.signal?.removeEventListener("abort", pending.onAbort);
    }
    return pending;
  }

  /** Keeps looking at deadlines while something waits. */
  #sweep(): void {
    if (this.#sweeper !== undefined) return;
    this.#sweeper = setInterval(() => {
      const now = performance.now();
      for (const [id, pending] of this.#pending) {
        if (pending.deadline > now) continue;
        this.#settle(id);
        this.#outbox.send([CANCEL, id]);
        pending.reject(
          new UnavailableError(
            `${this.name} did not answer within ${pending.timeoutMs} ms`,
          ),
        );
      }
      if (this.#pending.size > 0) return;
      clearInterval(this.#sweeper);
      this.#sweeper = undefined;
    }, SWEEP_MS);
    Deno.unrefTimer(this.#sweeper as unknown as number);
  }
}

/** Most calls never look at their signal: it is made when asked for. */
class LazyContext implements CallContext {
  readonly channel: Channel;
  readonly transfer: Transferable[] = [];
  #controller: AbortController | undefined;
  #reason: unknown;

  constructor(channel: Channel) {
    this.channel = channel;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

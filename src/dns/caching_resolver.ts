/**
 * Remembers answers for a short time and asks equal questions that are under
 * way only once. The time is fixed, since `Resolver` does not tell how long a
 * record may be kept; the recursive name server behind it does the long
 * caching.
 */
import type { Clock } from "#src/clock/clock.ts";
import { DnsError, type MxRecord, type Resolver } from "./resolver.ts";

/** Bounds and times. */
export interface CachingOptions {
  /** Answers kept at most; the oldest goes first. */
  readonly maxEntries?: number;
  /** How long records are kept. */
  readonly positiveMs?: number;
  /** How long "there is none" is kept. */
  readonly negativeMs?: number;
}

/** About 1 MB of short answers. */
const MAX_ENTRIES = 5_000;
/**
 * Longer answers are asked for again: a name server of somebody else decides
 * how long they are, and can be asked for any number of names (SPF). Real
 * records are far below; all entries together stay below 20 MB.
 */
const MAX_ANSWER_BYTES = 4_096;
/** What a record costs besides its text. */
const RECORD_BYTES = 32;
/** Long enough for a burst of mail from one place, short for any change. */
const POSITIVE_MS = 60_000;
/** People add missing records while they watch. */
const NEGATIVE_MS = 15_000;

/** One remembered answer. */
type Entry =
  & { readonly until: number }
  & ({ readonly value: unknown } | { readonly error: DnsError });

/** A resolver in front of another. Failures of servers are never kept. */
export class CachingResolver implements Resolver {
  readonly #inner: Resolver;
  readonly #clock: Clock;
  readonly #options: Required<CachingOptions>;
  /** In the order of insertion, so the first is the oldest. */
  readonly #entries = new Map<string, Entry>();
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(inner: Resolver, clock: Clock, options: CachingOptions = {}) {
    this.#inner = inner;
    this.#clock = clock;
    this.#options = {
      maxEntries: options.maxEntries ?? MAX_ENTRIES,
      positiveMs: options.positiveMs ?? POSITIVE_MS,
      negativeMs: options.negativeMs ?? NEGATIVE_MS,
    };
  }

  a(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#get(`a ${name}`, () => this.#inner.a(name), signal);
  }

  aaaa(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#get(`aaaa ${name}`, () => this.#inner.aaaa(name), signal);
  }

  mx(name: string, signal?: AbortSignal): Promise<readonly MxRecord[]> {
    return this.#get(`mx ${name}`, () => this.#inner.mx(name), signal);
  }

  txt(
    name: string,
    signal?: AbortSignal,
  ): Promise<readonly (readonly string[])[]> {
    return this.#get(`txt ${name}`, () => this.#inner.txt(name), signal);
  }

  ptr(address: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#get(`ptr ${address}`, () => this.#inner.ptr(address), signal);
  }

  /**
   * The question itself runs without the caller's signal: others may have
   * joined it. Its own deadlines end it.
   */
  async #get<T>(
    question: string,
    ask: () => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    signal?.throwIfAborted();
    const key = question.toLowerCase();
    const known = this.#entries.get(key);
    if (known !== undefined) {
      if (known.until > this.#clock.monotonic()) {
        if ("error" in known) throw known.error;
        return known.value as T;
      }
      this.#entries.delete(key);
    }
    let running = this.#running.get(key) as Promise<T> | undefined;
    if (running === undefined) {
      running = this.#ask(key, ask);
      this.#running.set(key, running);
    }
    return await abortable(running, signal);
  }

  async #ask<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const { positiveMs, negativeMs } = this.#options;
    try {
      const value = await ask();
      if (sizeOf(value) <= MAX_ANSWER_BYTES) {
        this.#keep(key, { value, until: this.#clock.monotonic() + positiveMs });
      }
      return value;
    } catch (error) {
      if (error instanceof DnsError && !error.temporary) {
        this.#keep(key, { error, until: this.#clock.monotonic() + negativeMs });
      }
      throw error;
    } finally {
      this.#running.delete(key);
    }
  }

  #keep(key: string, entry: Entry): void {
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < this.#options.maxEntries) break;
      this.#entries.delete(oldest);
    }
    this.#entries.set(key, entry);
  }
}

/** About the memory of an answer: strings in lists and records. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length + RECORD_BYTES;
  if (typeof value !== "object" || value === null) return RECORD_BYTES;
  let size = RECORD_BYTES;
  for (const each of Object.values(value)) size += sizeOf(each);
  return size;
}

/** `task`, given up by this caller when its signal is aborted. */
async function abortable<T>(
  task: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return await task;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([task, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
    promise.catch(() => {});
    task.catch(() => {});
  }
}

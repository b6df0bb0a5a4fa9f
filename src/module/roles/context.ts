/** Values that travel with one message through filters and deliveries. */
import type { Log } from "#src/log/log.ts";

/**
 * A typed key of `ContextValues`. The values must be plain data: they cross
 * workers by structured clone.
 */
export interface ContextKey<T> {
  readonly name: string;
  /** Never set; carries the type. */
  readonly type?: T;
}

/** Makes a key; the name must be unique in the program. */
export function contextKey<T>(name: string): ContextKey<T> {
  return { name };
}

/** What filters leave for later filters and deliveries. */
export class ContextValues {
  readonly #values: Map<string, unknown>;

  constructor(entries: Iterable<readonly [string, unknown]> = []) {
    this.#values = new Map(entries);
  }

  get<T>(key: ContextKey<T>): T | undefined {
    return this.#values.get(key.name) as T | undefined;
  }

  set<T>(key: ContextKey<T>, value: T): void {
    this.#values.set(key.name, value);
  }

  /** For sending to a worker; `new ContextValues(entries)` is the way back. */
  entries(): readonly (readonly [string, unknown])[] {
    return [...this.#values];
  }
}

/** Set when a filter or step says quarantine: deliveries use Junk. */
export const QUARANTINE: ContextKey<{ readonly reason: string }> = contextKey(
  "quarantine",
);

/** IMAP keywords that a delivery sets on the message (step `tag`). */
export const TAGS: ContextKey<readonly string[]> = contextKey("tags");

/** What accompanies every call for one message. */
export interface DeliveryContext {
  readonly values: ContextValues;
  /** `key=value` words from the place of use, typed by the module's `options`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Aborted when the client is gone or the server gives up the message. */
  readonly signal: AbortSignal;
  /** Carries the message's id on every line. */
  readonly log: Log;
}

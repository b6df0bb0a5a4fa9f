/**
 * Counts events by key in a window of time. Two buckets stand for the window
 * (the old one weighs by what of it is still inside), so that a key costs two
 * numbers however often it comes.
 */

interface Buckets {
  /** Number of the window that `now` counts. */
  window: number;
  now: number;
  before: number;
}

/** Counters of one kind. Keys that have not come for two windows are dropped. */
export class SlidingCount {
  readonly #windowMs: number;
  readonly #maxKeys: number;
  readonly #keys = new Map<string, Buckets>();

  /** Of more than `maxKeys` keys the oldest are forgotten. */
  constructor(windowMs: number, maxKeys = 100_000) {
    this.#windowMs = windowMs;
    this.#maxKeys = maxKeys;
  }

  /** How often the key came within the window that ends at `now`. */
  count(key: string, now: number): number {
    const buckets = this.#keys.get(key);
    if (buckets === undefined) return 0;
    const window = Math.floor(now / this.#windowMs);
    const inside = 1 - (now / this.#windowMs - window);
    if (buckets.window === window) {
      return buckets.now + buckets.before * inside;
    }
    return buckets.window === window - 1 ? buckets.now * inside : 0;
  }

  /** One more. */
  add(key: string, now: number): void {
    const window = Math.floor(now / this.#windowMs);
    const buckets = this.#keys.get(key);
    if (buckets === undefined) {
      this.#makeRoom(window);
      this.#keys.set(key, { window, now: 1, before: 0 });
      return;
    }
    if (buckets.window !== window) {
      buckets.before = buckets.window === window - 1 ? buckets.now : 0;
      buckets.now = 0;
      buckets.window = window;
      // To the end: the map is in the order of use by window.
      this.#keys.delete(key);
      this.#keys.set(key, buckets);
    }
    buckets.now++;
  }

  #makeRoom(window: number): void {
    for (const [key, buckets] of this.#keys) {
      const isOld = buckets.window < window - 1;
      if (!isOld && this.#keys.size < this.#maxKeys) return;
      this.#keys.delete(key);
    }
  }
}

/**
 * Role `blobs`: keeps large bodies by hash.
 *
 * Contract: a blob is named by the SHA-256 of its bytes in lower-case hex. When
 * `put` has resolved, the blob is on disk (file and folder synced). Putting the
 * same bytes twice keeps one copy. `open` of an absent blob rejects with
 * `StorageError` `notFound`.
 */

/** Keeps blobs. */
export interface Blobs {
  put(
    bytes: ReadableStream<Uint8Array>,
  ): Promise<{ readonly hash: string; readonly size: number }>;
  /** Bytes from `start` (inclusive) to `end` (exclusive). */
  open(
    hash: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<ReadableStream<Uint8Array>>;
  /** Removes the blob; no error where it is absent. */
  remove(hash: string): Promise<void>;
  /** Every blob that was put before `before` (milliseconds since 1970). */
  list(before: number): AsyncIterable<string>;
}

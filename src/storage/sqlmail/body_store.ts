/**
 * Where bodies go before the operation that names them: small ones stay in
 * memory for the database, large ones are put into blobs and are on disk when
 * `store` has resolved.
 *
 * A blob that was put but is not yet named by a committed row looks like one
 * that nobody uses. `removeUnless` therefore never runs beside a `store`.
 */
import { StorageError } from "#src/errors/errors.ts";
import type { Blobs } from "#src/module/roles/blobs.ts";
import type { StoredBody } from "./place_messages.ts";
import { readAll } from "./read_all.ts";

/** A body that is kept from being swept until `release`. */
export interface HeldBody {
  readonly body: StoredBody;
  release(): void;
}

/** A body to be stored. */
export interface BodySource {
  readonly size: number;
  /** Where it is in memory already. */
  readonly bytes?: Uint8Array;
  open(): ReadableStream<Uint8Array>;
}

/** Stores bodies and removes unused blobs. */
export class BodyStore {
  readonly #blobs: Blobs;
  readonly #threshold: number;
  #holders = 0;
  #removal: Promise<void> | undefined;

  constructor(blobs: Blobs, threshold: number) {
    this.#blobs = blobs;
    this.#threshold = threshold;
  }

  /** Stores one body. */
  async store(source: BodySource): Promise<HeldBody> {
    if (source.size <= this.#threshold) {
      const bytes = source.bytes ??
        await readAll(source.open(), source.size);
      return { body: { kind: "inline", bytes }, release(): void {} };
    }
    while (this.#removal !== undefined) await this.#removal;
    this.#holders++;
    try {
      const { hash, size } = await this.#blobs.put(source.open());
      if (size !== source.size) {
        throw new StorageError("corrupt", "A body came in another length");
      }
      let held = true;
      return {
        body: { kind: "blob", hash, size },
        release: (): void => {
          if (held) this.#holders--;
          held = false;
        },
      };
    } catch (error) {
      this.#holders--;
      throw error;
    }
  }

  /**
   * Removes a blob unless `isUsed` says that a row names it. Whether it could
   * be decided: not while bodies are being stored.
   */
  async removeUnless(
    hash: string,
    isUsed: () => Promise<boolean>,
  ): Promise<boolean> {
    if (this.#holders > 0 || this.#removal !== undefined) return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#removal = promise;
    try {
      if (!await isUsed()) await this.#blobs.remove(hash);
      return true;
    } finally {
      this.#removal = undefined;
      resolve();
    }
  }
}

/**
 * Room on the disk, looked at before a message is taken: what is refused then
 * costs its sender a try later, a disk that is full costs everybody more.
 */
import { statfs } from "node:fs/promises";
import type { Clock } from "#src/clock/clock.ts";
import type { Log } from "#src/log/log.ts";

/** How long a look is believed. */
const BELIEVED_MS = 2_000;

/** What is watched. */
export interface FreeSpaceOptions {
  /** A folder of the file system. */
  readonly folder: string;
  /** What has to stay free; 0: nothing is looked at. */
  readonly minBytes: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Bytes that are free there; for tests. */
  readonly look?: (folder: string) => Promise<number>;
}

/** Knows how much room there is, from a look of late. */
export class FreeSpace {
  readonly #options: FreeSpaceOptions;
  #looked: Promise<number> | undefined;
  #until = 0;
  #hasFailed = false;

  constructor(options: FreeSpaceOptions) {
    this.#options = options;
  }

  /** Whether so many bytes more leave the reserve free. */
  async has(bytes: number): Promise<boolean> {
    const { minBytes, clock } = this.#options;
    if (minBytes === 0) return true;
    const now = clock.monotonic();
    if (this.#looked === undefined || now >= this.#until) {
      this.#until = now + BELIEVED_MS;
      this.#looked = this.#look();
    }
    return await this.#looked - bytes >= minBytes;
  }

  /** Where nobody can tell there is room: a full disk is noticed then, too. */
  async #look(): Promise<number> {
    const { folder, look = freeBytes, log } = this.#options;
    try {
      return await look(folder);
    } catch (error) {
      if (!this.#hasFailed) log.warn("free space is not known", { error });
      this.#hasFailed = true;
      return Infinity;
    }
  }
}

/** Makes the folder, which nobody may have needed until now. */
async function freeBytes(folder: string): Promise<number> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

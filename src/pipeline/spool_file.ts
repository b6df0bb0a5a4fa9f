/**
 * A body on disk while the message is on its way. Nothing is synced: what lies
 * here was not acknowledged to anybody.
 */
import type { Body } from "#src/message/body.ts";

/** How the names of spool files begin; the sweep removes nothing else. */
const PREFIX = "body-";
/** Bytes read at once. */
const READ_BYTES = 64 * 1024;

/** A body being written, then a `Body`. The file goes with `dispose`. */
export class SpoolFile implements Body {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #size = 0;
  #isOpen = true;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  /** Makes an empty file in the folder that nobody else may read. */
  static async create(folder: string): Promise<SpoolFile> {
    const path = `${folder}/${PREFIX}${Deno.pid}-${crypto.randomUUID()}`;
    const options = { createNew: true, write: true, mode: 0o600 };
    try {
      return new SpoolFile(path, await Deno.open(path, options));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
      return new SpoolFile(path, await Deno.open(path, options));
    }
  }

  get size(): number {
    return this.#size;
  }

  /** Appends; one call at a time. */
  async write(bytes: Uint8Array): Promise<void> {
    let at = 0;
    while (at < bytes.length) at += await this.#file.write(bytes.subarray(at));
    this.#size += bytes.length;
  }

  /** Nothing more is written. */
  finish(): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
  }

  open(): ReadableStream<Uint8Array> {
    return readFile(this.#path);
  }

  /** Removes the file. Never throws. */
  async dispose(): Promise<void> {
    this.finish();
    try {
      await Deno.remove(this.#path);
    } catch {
      // Gone already, or the sweep at the next start removes it.
    }
  }
}

/** Reads a file on demand; it is opened with the first read. */
function readFile(path: string): ReadableStream<Uint8Array> {
  let file: Deno.FsFile | undefined;
  const close = (): void => {
    file?.close();
    file = undefined;
  };
  return new ReadableStream({
    async pull(controller): Promise<void> {
      try {
        file ??= await Deno.open(path, { read: true });
        const chunk = new Uint8Array(READ_BYTES);
        const count = await file.read(chunk);
        if (count === null) {
          close();
          controller.close();
        } else {
          controller.enqueue(chunk.subarray(0, count));
        }
      } catch (error) {
        close();
        throw error;
      }
    },
    cancel: close,
  }, { highWaterMark: 0 });
}

/**
 * Removes what a process that was killed left behind: spool files of other
 * processes, and those older than `olderThan` (milliseconds since 1970; in a
 * container every process may have the same number). A folder that is not
 * there is empty.
 */
export async function sweepSpool(
  folder: string,
  olderThan: number,
): Promise<number> {
  let removed = 0;
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (!entry.isFile || !entry.name.startsWith(PREFIX)) continue;
      const path = `${folder}/${entry.name}`;
      if (entry.name.startsWith(`${PREFIX}${Deno.pid}-`)) {
        const { mtime } = await Deno.stat(path);
        if (mtime === null || mtime.getTime() >= olderThan) continue;
      }
      await Deno.remove(path);
      removed++;
    }
  } catch (error) {
    // Another worker sweeps at the same time, or there is no folder yet.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return removed;
}

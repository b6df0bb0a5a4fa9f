/** Bodies that are too large for the database, one file each. */
import type { Body } from "#src/message/body.ts";

const CHUNK = 65_536;

/** A folder of bodies. A file is complete and synced when `write` resolves. */
export class BodyFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder. */
  prepare(): void {
    Deno.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  /** Writes a body, syncs file and folder. Removes what it began on failure. */
  async write(
    name: string,
    stream: ReadableStream<Uint8Array>,
  ): Promise<void> {
    const path = this.#path(name);
    try {
      const file = await Deno.open(path, {
        write: true,
        createNew: true,
        mode: 0o600,
      });
      try {
        for await (const chunk of stream) {
          let at = 0;
          while (at < chunk.length) at += await file.write(chunk.subarray(at));
        }
        await file.sync();
      } finally {
        file.close();
      }
      await this.#syncFolder();
    } catch (error) {
      await this.remove(name);
      throw error;
    }
  }

  /** The body in that file. */
  body(name: string, size: number): Body {
    return new FileBody(this.#path(name), size);
  }

  /** No error where the file is absent. */
  async remove(name: string): Promise<void> {
    try {
      await Deno.remove(this.#path(name));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Removes files that no message names: a crash came before their commit. */
  sweep(isNamed: (name: string) => boolean): number {
    let removed = 0;
    for (const entry of Deno.readDirSync(this.#folder)) {
      if (!entry.isFile || isNamed(entry.name)) continue;
      Deno.removeSync(this.#path(entry.name));
      removed++;
    }
    return removed;
  }

  async #syncFolder(): Promise<void> {
    const folder = await Deno.open(this.#folder, { read: true });
    try {
      await folder.sync();
    } finally {
      folder.close();
    }
  }

  #path(name: string): string {
    return `${this.#folder}/${name}`;
  }
}

/** A body in a file. */
class FileBody implements Body {
  readonly size: number;
  readonly #path: string;

  constructor(path: string, size: number) {
    this.#path = path;
    this.size = size;
  }

  open(): ReadableStream<Uint8Array> {
    const path = this.#path;
    let file: Deno.FsFile | undefined;
    return new ReadableStream<Uint8Array>({
      async pull(controller): Promise<void> {
        file ??= await Deno.open(path);
        const chunk = new Uint8Array(CHUNK);
        const count = await file.read(chunk);
        if (count !== null) {
          controller.enqueue(chunk.subarray(0, count));
          return;
        }
        file.close();
        controller.close();
      },
      cancel(): void {
        file?.close();
      },
    }, { highWaterMark: 0 });
  }
}

/**
 * `fs`: keeps large bodies as files named by their SHA-256. Role `blobs`.
 *
 * `ab/abcdef...` under the folder. A body is written to `tmp`, synced, and
 * renamed to its name; then the folder is synced. Nothing is encrypted or
 * compressed here.
 */
import { releaseBytes } from "#src/bytes/release_bytes.ts";
import { path } from "#src/config/places.ts";
import { StorageError } from "#src/errors/errors.ts";
import { defineModule } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import type { Blobs } from "#src/module/roles/blobs.ts";

/** Bytes of one chunk of `open`. */
const CHUNK_BYTES = 128 * 1024;

/** What is no longer than this comes in one chunk. */
const SHORT_BYTES = 256 * 1024;

/** Age of a temporary file that nobody writes to any more. */
const ABANDONED_MS = 24 * 3_600_000;

const config = {
  folder: path({ doc: "Folder for the bodies.", default: "blobs" }),
};

/** Module `fs`. */
export const fs = defineModule({
  name: "fs",
  version: "1.0.0",
  doc: "Keeps large message bodies as files named by their hash.\n\n" +
    "Each body is stored once, however many mailboxes have it. The files are " +
    "synced to disk before the message that names them is acknowledged.",
  roles: ["blobs"],
  home: "user",
  config,
  permissions: ({ folder }, { worker }) =>
    worker === "reader" || worker === "indexer"
      ? { read: [folder] }
      : { read: [folder], write: [folder] },
  prepare: ({ folder }) => makeFolders(folder),
  create: ({ folder }, host: Host) => {
    const blobs = new FileBlobs(folder);
    return {
      blobs,
      async start(): Promise<void> {
        if (host.worker === "reader" || host.worker === "indexer") return;
        await makeFolders(folder);
        await blobs.removeAbandoned(host.clock.now() - ABANDONED_MS);
      },
    };
  },
});

async function makeFolders(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/tmp`, { recursive: true, mode: 0o700 });
}

/** Blobs in a folder. `tmp` below it must be there. */
export class FileBlobs implements Blobs {
  readonly #folder: string;
  /** Folders that are known to be there and synced. */
  readonly #known = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(
    bytes: ReadableStream<Uint8Array>,
  ): Promise<{ readonly hash: string; readonly size: number }> {
    const temporary = `${this.#folder}/tmp/${crypto.randomUUID()}`;
    try {
      const { hash, size } = await writeFile(temporary, bytes);
      const folder = await this.#shard(hash);
      const name = `${folder}/${hash}`;
      // Renaming over an equal file is harmless, and renews its time, so that
      // a sweep does not take it for an old one.
      await Deno.rename(temporary, name);
      await syncFolder(folder);
      return { hash, size };
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      throw error;
    }
  }

  // Opened and read at once, as SQLite does it: a thread of its own for each
  // step makes a body crawl on a busy machine.
  // deno-lint-ignore require-await -- a mistake has to be a rejection
  async open(
    hash: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<ReadableStream<Uint8Array>> {
    const file = this.#openFile(hash);
    const start = range?.start ?? 0;
    let left = (range?.end ?? Number.MAX_SAFE_INTEGER) - start;
    try {
      if (start > 0) file.seekSync(start, Deno.SeekMode.Start);
    } catch (error) {
      file.close();
      throw error;
    }
    const readOrClose = (chunk: Uint8Array): number | null => {
      try {
        return file.readSync(chunk);
      } catch (error) {
        file.close();
        throw error;
      }
    };
    return new ReadableStream({
      pull(controller): void {
        const size = left <= SHORT_BYTES ? Math.max(left, 0) : CHUNK_BYTES;
        const chunk = new Uint8Array(size);
        const count = size === 0 ? null : readOrClose(chunk);
        if (count !== null) {
          left -= count;
          controller.enqueue(chunk.subarray(0, count));
          if (left > 0) return;
        }
        file.close();
        controller.close();
      },
      cancel(): void {
        file.close();
      },
    }, { highWaterMark: 0 });
  }

  async remove(hash: string): Promise<void> {
    await removeFile(this.#path(hash));
  }

  async *list(before: number): AsyncIterable<string> {
    for (let n = 0; n < 256; n++) {
      const folder = `${this.#folder}/${n.toString(16).padStart(2, "0")}`;
      for await (const name of namesIn(folder)) {
        const time = await modifiedAt(`${folder}/${name}`);
        if (time !== undefined && time < before) yield name;
      }
    }
  }

  /** Removes temporary files that a crash left, if last written before. */
  async removeAbandoned(before: number): Promise<void> {
    for await (const { name } of Deno.readDir(`${this.#folder}/tmp`)) {
      const path = `${this.#folder}/tmp/${name}`;
      const time = await modifiedAt(path);
      if (time !== undefined && time < before) await removeFile(path);
    }
  }

  #path(hash: string): string {
    if (!/^[0-9a-f]{64}$/.test(hash)) {
      throw new StorageError("notFound", "No such blob");
    }
    return `${this.#folder}/${hash.slice(0, 2)}/${hash}`;
  }

  #openFile(hash: string): Deno.FsFile {
    try {
      return Deno.openSync(this.#path(hash));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new StorageError("notFound", "No such blob", { cause: error });
    }
  }

  /** The folder of a hash; made and synced where it is new. */
  async #shard(hash: string): Promise<string> {
    const folder = `${this.#folder}/${hash.slice(0, 2)}`;
    if (!this.#known.has(folder)) {
      await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
      await syncFolder(this.#folder);
      this.#known.add(folder);
    }
    return folder;
  }
}

/** When a file was last written; `undefined` where it is gone. */
async function modifiedAt(path: string): Promise<number | undefined> {
  try {
    return (await Deno.stat(path)).mtime?.getTime();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Removes a file; no error where it is gone. */
async function removeFile(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Names of blobs in a folder; nothing where the folder is not there. */
async function* namesIn(folder: string): AsyncIterable<string> {
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (/^[0-9a-f]{64}$/.test(name)) yield name;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Writes and syncs a new file; gives the hash of what it wrote. */
async function writeFile(
  name: string,
  bytes: ReadableStream<Uint8Array>,
): Promise<{ readonly hash: string; readonly size: number }> {
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  let size = 0;
  using file = await Deno.open(name, {
    write: true,
    createNew: true,
    mode: 0o600,
  });
  for await (const chunk of bytes) {
    hash.update(chunk);
    size += chunk.length;
    await writeAll(file, chunk);
    releaseBytes(chunk);
  }
  await file.sync();
  return { hash: hash.digest("hex"), size };
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  let at = 0;
  while (at < bytes.length) at += await file.write(bytes.subarray(at));
}

/** Makes names in a folder durable. */
async function syncFolder(folder: string): Promise<void> {
  using handle = await Deno.open(folder);
  await handle.sync();
}

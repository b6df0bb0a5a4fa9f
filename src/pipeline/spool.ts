/**
 * From a stream to a message that can be read as often as needed: small ones
 * stay in memory, the body of large ones goes to a file. Splits header from
 * body at the blank line (RFC 5322 section 2.1) on the way.
 */
import { joinBytes } from "#src/bytes/join_bytes.ts";
import { releaseBytes } from "#src/bytes/release_bytes.ts";
import { LimitError } from "#src/errors/errors.ts";
import { type Body, MemoryBody } from "#src/message/body.ts";
import { findHeaderEnd, HeaderBlock } from "#src/message/header_block.ts";
import { PIPELINE_LIMITS } from "./settings.ts";
import { SpoolFile } from "./spool_file.ts";

/** Bounds and place. */
export interface SpoolSettings {
  /** Folder for bodies that do not fit in memory. */
  readonly folder: string;
  /** Largest message, header included. */
  readonly maxBytes: number;
  /** Largest header. */
  readonly maxHeaderBytes?: number;
  /** Largest body that is kept in memory. */
  readonly memoryBytes?: number;
  /**
   * Whoever made the stream never looks at a chunk again, not even at its
   * length: those that go to the file are freed at once.
   */
  readonly releaseChunks?: boolean;
}

/** A message that was read to its end. */
export interface Spooled {
  readonly header: HeaderBlock;
  readonly body: Body;
  /** Removes the file, if there is one; the body is not used after it. */
  dispose(): Promise<void>;
}

/** Looks at a message while it is spooled. */
export interface SpoolWatcher {
  /** The header is complete. Called once, before the first body byte. */
  header?(header: HeaderBlock): void;
  /** A piece of the body, in order. Nobody may change the bytes. */
  body?(bytes: Uint8Array): void;
}

/**
 * Reads the message to its end. `LimitError` where a bound is passed; then and
 * after any other error the stream is cancelled and nothing stays behind. The
 * chunks of the stream must be the reader's to keep.
 */
export async function spoolMessage(
  stream: ReadableStream<Uint8Array>,
  settings: SpoolSettings,
  watcher: SpoolWatcher = {},
): Promise<Spooled> {
  const spooler = new Spooler(settings, watcher);
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const pending = spooler.push(value);
      if (pending !== undefined) await pending;
    }
    return spooler.end();
  } catch (error) {
    await spooler.discard();
    // The stream may be broken itself; the first error is the one that counts.
    await reader.cancel(error).catch(() => {});
    throw error;
  }
}

/** Reads bytes that are no message (a body that a filter gave). */
export async function spoolBody(
  stream: ReadableStream<Uint8Array>,
  settings: SpoolSettings,
): Promise<{ readonly body: Body; dispose(): Promise<void> }> {
  const store = new BodyStore(settings);
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return store.end();
      const pending = store.push(value);
      if (pending !== undefined) await pending;
    }
  } catch (error) {
    await store.discard();
    await reader.cancel(error).catch(() => {});
    throw error;
  }
}

/** A message whose bytes are in memory already: nothing is copied. */
export function splitMessage(
  bytes: Uint8Array,
  settings: SpoolSettings,
): Spooled {
  if (bytes.length > settings.maxBytes) {
    throw new LimitError("max_size", settings.maxBytes);
  }
  const end = findHeaderEnd(bytes) ?? bytes.length;
  checkHeader(end, settings);
  return {
    header: new HeaderBlock(bytes.subarray(0, end)),
    body: new MemoryBody(bytes.subarray(end)),
    dispose: () => Promise.resolve(),
  };
}

function checkHeader(size: number, settings: SpoolSettings): void {
  const allowed = settings.maxHeaderBytes ?? PIPELINE_LIMITS.headerBytes;
  if (size > allowed) throw new LimitError("header size", allowed);
}

/** Finds the end of the header, then hands the rest to the store. */
class Spooler {
  readonly #settings: SpoolSettings;
  readonly #watcher: SpoolWatcher;
  readonly #store: BodyStore;
  #header: HeaderBlock | undefined;
  /** Header bytes while its end was not seen; a view of `#buffer`. */
  #pending: Uint8Array = EMPTY;
  #buffer: Uint8Array = EMPTY;
  /** Where in `#pending` the first line begins that was not looked at. */
  #scanned = 0;

  constructor(settings: SpoolSettings, watcher: SpoolWatcher) {
    this.#settings = settings;
    this.#watcher = watcher;
    this.#store = new BodyStore(settings);
  }

  /** A promise only where the caller has to wait. */
  push(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#header !== undefined) return this.#bodyBytes(chunk);
    const bytes = this.#pending.length === 0 ? chunk : this.#appended(chunk);
    // Only a line that ends in this chunk can be the blank one.
    const lastLf = chunk.lastIndexOf(LF);
    const end = lastLf < 0 ? undefined : findHeaderEnd(bytes, this.#scanned);
    if (end === undefined) {
      checkHeader(bytes.length, this.#settings);
      this.#pending = bytes;
      if (lastLf >= 0) {
        this.#scanned = bytes.length - chunk.length + lastLf + 1;
      }
      return undefined;
    }
    checkHeader(end, this.#settings);
    this.#pending = EMPTY;
    this.#headerDone(bytes.subarray(0, end));
    return end === bytes.length
      ? undefined
      : this.#bodyBytes(bytes.subarray(end));
  }

  /** The buffer doubles, so that many small pieces cost no more than one. */
  #appended(chunk: Uint8Array): Uint8Array {
    const have = this.#pending.length;
    const size = have + chunk.length;
    if (
      this.#buffer.length < size || this.#pending.buffer !== this.#buffer.buffer
    ) {
      const buffer = new Uint8Array(size * 2);
      buffer.set(this.#pending);
      this.#buffer = buffer;
    }
    this.#buffer.set(chunk, have);
    return this.#buffer.subarray(0, size);
  }

  #headerDone(bytes: Uint8Array): void {
    this.#header = new HeaderBlock(bytes);
    this.#store.count(bytes.length);
    this.#watcher.header?.(this.#header);
  }

  #bodyBytes(bytes: Uint8Array): Promise<void> | undefined {
    this.#watcher.body?.(bytes);
    return this.#store.push(bytes);
  }

  end(): Spooled {
    if (this.#header === undefined) this.#headerDone(this.#pending);
    const header = this.#header ?? new HeaderBlock(EMPTY);
    return { header, ...this.#store.end() };
  }

  discard(): Promise<void> {
    return this.#store.discard();
  }
}

/** Keeps bytes in memory up to the bound, then in a file. */
class BodyStore {
  readonly #settings: SpoolSettings;
  readonly #memoryBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #inMemory = 0;
  #total = 0;
  #file: SpoolFile | undefined;

  constructor(settings: SpoolSettings) {
    this.#settings = settings;
    this.#memoryBytes = settings.memoryBytes ?? PIPELINE_LIMITS.memoryBytes;
  }

  /** Counts bytes that are kept elsewhere against the size of the message. */
  count(bytes: number): void {
    this.#total += bytes;
    const { maxBytes } = this.#settings;
    if (this.#total > maxBytes) throw new LimitError("max_size", maxBytes);
  }

  push(bytes: Uint8Array): Promise<void> | undefined {
    this.count(bytes.length);
    if (this.#file !== undefined) return this.#write(this.#file, bytes);
    this.#chunks.push(bytes);
    this.#inMemory += bytes.length;
    return this.#inMemory > this.#memoryBytes ? this.#toFile() : undefined;
  }

  async #toFile(): Promise<void> {
    this.#file = await SpoolFile.create(this.#settings.folder);
    for (const chunk of this.#chunks) await this.#write(this.#file, chunk);
    this.#chunks.length = 0;
  }

  async #write(file: SpoolFile, bytes: Uint8Array): Promise<void> {
    await file.write(bytes);
    if (this.#settings.releaseChunks === true) releaseBytes(bytes);
  }

  end(): { readonly body: Body; dispose(): Promise<void> } {
    const file = this.#file;
    if (file !== undefined) {
      file.finish();
      return { body: file, dispose: () => file.dispose() };
    }
    const bytes = joinBytes(this.#chunks);
    const body = new MemoryBody(bytes);
    if (this.#settings.releaseChunks !== true) {
      return { body, dispose: () => Promise.resolve() };
    }
    if (this.#chunks.length > 1) this.#chunks.forEach(releaseBytes);
    return {
      body,
      dispose: (): Promise<void> => {
        if (bytes.length >= RELEASE_FROM_BYTES) releaseBytes(bytes);
        return Promise.resolve();
      },
    };
  }

  async discard(): Promise<void> {
    await this.#file?.dispose();
  }
}

/** Shorter bodies are left to the garbage collector, which is quick there. */
const RELEASE_FROM_BYTES = 64 * 1024;
const LF = 0x0a;
const EMPTY = new Uint8Array();

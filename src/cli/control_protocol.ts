/**
 * What goes over the control socket: one line of JSON a message, one request
 * at a time.
 */
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import { CliError, USAGE } from "./exit_code.ts";

/** From the command line. */
export interface ControlRequest {
  /** `undefined`: the server itself (`status`). */
  readonly instance: string | undefined;
  readonly command: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** From the server. */
export type ControlResponse =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly message: string };

/** Longest line that is taken. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** Longest path of a Unix socket in bytes; systems have 108 or 104 with a 0. */
const MAX_SOCKET_PATH_BYTES = Deno.build.os === "linux" ? 107 : 103;

/** Throws `CliError` for a path that no system call would take. */
export function checkSocketPath(path: string): void {
  const { length } = new TextEncoder().encode(path);
  if (length <= MAX_SOCKET_PATH_BYTES) return;
  throw new CliError(
    `The path of the control socket has ${length} bytes, a socket can have ${MAX_SOCKET_PATH_BYTES}: ${path}`,
    USAGE,
    "Set control_socket to a shorter path, in a folder of this user alone",
  );
}

/** Something that can be read from, as a socket. */
export interface ByteReader {
  /** Bytes read into `chunk`; `null` at the end. */
  read(chunk: Uint8Array): Promise<number | null>;
}

const CHUNK_BYTES = 64 * 1024;
const LF = 0x0a;

/** Splits what comes into lines; something else may be spoken after one. */
export class LineReader {
  readonly #source: ByteReader;
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #rest: Uint8Array = new Uint8Array(0);

  constructor(source: ByteReader, maxBytes: number) {
    this.#source = source;
    this.#maxBytes = maxBytes;
  }

  /** Whether bytes were read that belong to no line yet. */
  get hasRest(): boolean {
    return this.#rest.length > 0;
  }

  /** What was read behind the last line; whoever goes on has to begin with it. */
  get rest(): Uint8Array {
    return this.#rest;
  }

  /** The next line; `undefined` at the end. `RangeError` for one too long. */
  async next(): Promise<string | undefined> {
    let held = 0;
    for (;;) {
      const end = this.#rest.indexOf(LF);
      const part = end < 0 ? this.#rest : this.#rest.subarray(0, end);
      held += part.length;
      if (held > this.#maxBytes) throw new RangeError("The line is too long");
      this.#parts.push(part);
      this.#rest = end < 0 ? EMPTY : this.#rest.subarray(end + 1);
      if (end >= 0) return this.#takeLine();
      const chunk = new Uint8Array(CHUNK_BYTES);
      const count = await this.#source.read(chunk);
      if (count === null) return undefined;
      this.#rest = chunk.subarray(0, count);
    }
  }

  #takeLine(): string {
    const bytes = concatBytes(this.#parts);
    this.#parts = [];
    return new TextDecoder().decode(bytes);
  }
}

const EMPTY: Uint8Array = new Uint8Array(0);

/**
 * Bodies that other workers may open while a call about them runs. A delivery
 * opens a body as often as it needs; the bytes stay where they were received.
 */
import { StorageError } from "#src/errors/errors.ts";
import type { Body } from "#src/message/body.ts";
import type { CallContext, Channel, Service } from "./channel.ts";
import { packFields } from "./pack.ts";
import {
  readByteSequence,
  sendSequence,
  type WireSequence,
} from "./sequence.ts";
import { packBytes } from "./wire_bytes.ts";

/** The name of the service in every worker. */
export const BODIES = "bodies";

/**
 * Longest body that travels inside the call. Posting copies it several times;
 * longer ones are fetched in chunks that change hands without a copy.
 */
const LARGEST_COPY = 64 * 1024;

/** Chunks on their way at once. */
const CHUNKS_AHEAD = 4;

/** A body in the arguments of a call. */
export type WireBody =
  | { readonly bytes: Uint8Array }
  | { readonly shelf: number; readonly size: number };

/** Gives bodies of this worker to others. */
export class BodyShelf implements Service {
  readonly #bodies = new Map<number, Body>();
  #last = 0;

  /** Bodies that are lent out. */
  get size(): number {
    return this.#bodies.size;
  }

  /** Runs `use` with the body as it travels; it is lent until `use` ends. */
  async lend<T>(
    body: Body,
    transfer: Transferable[],
    use: (wire: WireBody) => Promise<T>,
  ): Promise<T> {
    if (body.bytes !== undefined && body.size <= LARGEST_COPY) {
      return await use({ bytes: packBytes(body.bytes, transfer, "copy") });
    }
    const shelf = ++this.#last;
    this.#bodies.set(shelf, body);
    try {
      return await use({ shelf, size: body.size });
    } finally {
      this.#bodies.delete(shelf);
    }
  }

  call(
    _method: string,
    args: readonly unknown[],
    context: CallContext,
  ): Promise<WireSequence> {
    const body = this.#bodies.get(Number(args[0]));
    if (body === undefined) {
      throw new StorageError("notFound", "The body is no longer there");
    }
    return sendSequence(
      context,
      body.open(),
      (chunk, transfer) => packFields(chunk, transfer, "give"),
    );
  }
}

/** A body that lies in another worker. */
export class RemoteBody implements Body {
  readonly size: number;
  readonly #channel: Channel;
  readonly #shelf: number;

  constructor(channel: Channel, shelf: number, size: number) {
    this.#channel = channel;
    this.#shelf = shelf;
    this.size = size;
  }

  open(): ReadableStream<Uint8Array> {
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    return new ReadableStream<Uint8Array>({
      pull: async (controller): Promise<void> => {
        reader ??= (await this.#open()).getReader();
        const { value, done } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async (reason): Promise<void> => {
        await reader?.cancel(reason);
      },
    }, { highWaterMark: 0 });
  }

  async #open(): Promise<ReadableStream<Uint8Array>> {
    const answer = await this.#channel.call(BODIES, "open", [this.#shelf]);
    return readByteSequence(
      this.#channel,
      answer as WireSequence,
      CHUNKS_AHEAD,
    );
  }
}

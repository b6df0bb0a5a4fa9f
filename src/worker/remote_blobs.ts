/** Role `blobs` in another worker. */
import type { Blobs } from "#src/module/roles/blobs.ts";
import type { CallContext, Service } from "./channel.ts";
import type { Link } from "./link.ts";
import { packFields } from "./pack.ts";
import {
  readByteSequence,
  readSequence,
  sendSequence,
  type WireSequence,
} from "./sequence.ts";
import type { SourceHandle } from "./wire_message.ts";

/** Items on their way at once. */
const AHEAD = 4;

/** Stands for the blobs of another worker. */
export class RemoteBlobs implements Blobs {
  readonly #link: Link;
  readonly #service: string;

  constructor(link: Link, service: string) {
    this.#link = link;
    this.#service = service;
  }

  async put(
    bytes: ReadableStream<Uint8Array>,
  ): Promise<{ readonly hash: string; readonly size: number }> {
    const { channel } = this.#link;
    const handle = channel.offer(bytes, packChunk);
    try {
      return await channel.call(this.#service, "put", [handle]) as {
        hash: string;
        size: number;
      };
    } finally {
      channel.withdraw(handle);
    }
  }

  async open(
    hash: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<ReadableStream<Uint8Array>> {
    const { channel } = this.#link;
    const answer = await channel.call(this.#service, "open", [hash, range]);
    return readByteSequence(channel, answer as WireSequence, AHEAD);
  }

  async remove(hash: string): Promise<void> {
    await this.#link.call(this.#service, "remove", [hash]);
  }

  async *list(before: number): AsyncGenerator<string, void> {
    const { channel } = this.#link;
    const answer = await channel.call(this.#service, "list", [before]);
    yield* readSequence<string>(channel, answer as WireSequence, AHEAD);
  }
}

/** Answers the stubs of blobs. */
export class BlobsService implements Service {
  readonly #blobs: Blobs;

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  async call(
    method: string,
    args: readonly unknown[],
    context: CallContext,
  ): Promise<unknown> {
    const [first, second] = args;
    switch (method) {
      case "put":
        return await this.#blobs.put(
          context.channel.take(first as SourceHandle, AHEAD).toStream(),
        );
      case "open": {
        const range = second as { start: number; end: number } | undefined;
        const stream = await this.#blobs.open(String(first), range);
        return await sendSequence(context, stream, packChunk);
      }
      case "remove":
        return await this.#blobs.remove(String(first));
      case "list":
        return await sendSequence(
          context,
          this.#blobs.list(Number(first)),
          (item) => item,
        );
      default:
        throw new TypeError(`Blobs have no method ${method}`);
    }
  }
}

function packChunk(chunk: unknown, transfer: Transferable[]): unknown {
  return packFields(chunk, transfer, "give");
}

/** Messages of APPEND that are too long for memory, in the spool folder. */
import type { MessageSpool, SpooledMessage } from "#src/imap/message_spool.ts";
import { spoolMessage } from "#src/pipeline/spool.ts";

/** Spools as the pipeline does. */
export class AppendSpool implements MessageSpool {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async take(
    source: AsyncIterable<Uint8Array>,
    size: number,
  ): Promise<SpooledMessage> {
    const spooled = await spoolMessage(ReadableStream.from(source), {
      folder: this.#folder,
      maxBytes: size,
    });
    const { header, body } = spooled;
    return {
      header: header.bytes,
      body,
      dispose: () => spooled.dispose(),
    };
  }
}

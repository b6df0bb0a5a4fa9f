/**
 * What goes over the control socket: one line of JSON a message, one request
 * at a time.
 */

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

/** Splits a stream into lines; throws when one is too long. */
export async function* readLines(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string, void> {
  let text = "";
  for await (
    const chunk of stream.pipeThrough(
      new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>,
    )
  ) {
    text += chunk;
    for (;;) {
      const end = text.indexOf("\n");
      if (end < 0) break;
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
    if (text.length > maxBytes) throw new RangeError("The line is too long");
  }
}

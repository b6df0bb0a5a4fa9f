/** Reads a stream of known length into one array. */
import { StorageError } from "#src/errors/errors.ts";

/** The bytes of `stream`; rejects where there are not exactly `size`. */
export async function readAll(
  stream: ReadableStream<Uint8Array>,
  size: number,
): Promise<Uint8Array> {
  const whole = new Uint8Array(size);
  let at = 0;
  for await (const chunk of stream) {
    if (at + chunk.length > size) throw wrongLength();
    whole.set(chunk, at);
    at += chunk.length;
  }
  if (at !== size) throw wrongLength();
  return whole;
}

function wrongLength(): StorageError {
  return new StorageError("corrupt", "A body has another length than it said");
}

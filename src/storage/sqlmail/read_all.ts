/** Reads a stream of known length into one array. */
import { StorageError } from "#src/errors/errors.ts";

const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * The bytes of `stream`, not copied where they come in one chunk; rejects where
 * there are not exactly `size`.
 */
export async function readAll(
  stream: ReadableStream<Uint8Array>,
  size: number,
): Promise<Uint8Array> {
  let whole = NOTHING;
  let at = 0;
  for await (const chunk of stream) {
    if (at + chunk.length > size) throw wrongLength();
    if (chunk.length === size) whole = chunk;
    else {
      if (at === 0) whole = new Uint8Array(size);
      whole.set(chunk, at);
    }
    at += chunk.length;
  }
  if (at !== size) throw wrongLength();
  return whole;
}

function wrongLength(): StorageError {
  return new StorageError("corrupt", "A body has another length than it said");
}

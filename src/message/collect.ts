/** Reading a whole stream into memory, with a bound. */
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import { LimitError } from "#src/errors/errors.ts";

/**
 * Everything that `stream` gives. Throws `LimitError` and cancels the stream as
 * soon as there are more than `max` bytes.
 */
export async function collect(
  stream: ReadableStream<Uint8Array>,
  max: number,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > max) {
      const error = new LimitError("collect", max);
      await reader.cancel(error);
      throw error;
    }
    parts.push(value);
  }
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : concatBytes(parts);
}

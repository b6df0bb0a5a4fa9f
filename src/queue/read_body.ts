/** Bodies in memory, where a bound allows it. */
import { LimitError } from "#src/errors/errors.ts";
import type { Body } from "#src/message/body.ts";

/** All bytes of the body; rejects with `LimitError` above `limit`. */
export async function readBody(body: Body, limit: number): Promise<Uint8Array> {
  if (body.bytes !== undefined) return body.bytes;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body.open()) {
    size += chunk.length;
    if (size > limit) throw new LimitError("body", limit);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

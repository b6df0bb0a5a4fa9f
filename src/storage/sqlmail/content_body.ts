/** Ranges of the body of a content, wherever it is kept. */
import type { Blobs } from "#src/module/roles/blobs.ts";
import type { Row } from "../driver.ts";
import { optionalBytes, optionalText } from "../row.ts";
import { readAll } from "./read_all.ts";
import type { BodyReader } from "./search_text.ts";

/** Reads from a row with the columns `blob` and `body`. */
export function bodyReader(row: Row, blobs: Blobs): BodyReader {
  const hash = optionalText(row, "blob");
  if (hash !== undefined) {
    return {
      open: (start, end) => blobs.open(hash, { start, end }),
      read: async (start, end) =>
        await readAll(await blobs.open(hash, { start, end }), end - start),
    };
  }
  const body = optionalBytes(row, "body") ?? new Uint8Array();
  return {
    open: (start, end) =>
      Promise.resolve(ReadableStream.from([body.subarray(start, end)])),
    read: (start, end) => Promise.resolve(body.subarray(start, end)),
  };
}

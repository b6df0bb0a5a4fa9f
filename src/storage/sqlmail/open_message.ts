/** `StorageBackend.open`: bytes of one message as a stream. */
import { StorageError } from "#src/errors/errors.ts";
import type { ByteRange, MailboxId, Uid } from "#src/imap/backend.ts";
import type { Blobs } from "#src/module/roles/blobs.ts";
import type { StorageDriver } from "../driver.ts";
import { bytes, number, optionalBytes, optionalText } from "../row.ts";

/** Bytes of one chunk. */
const CHUNK_BYTES = 64 * 1024;

/** What `openMessage` works on. */
export interface OpenSource {
  readonly driver: StorageDriver;
  readonly blobs: Blobs;
}

/** See `StorageBackend.open`. */
export async function openMessage(
  { driver, blobs }: OpenSource,
  mailbox: MailboxId,
  uid: Uid,
  range: ByteRange,
): Promise<ReadableStream<Uint8Array>> {
  const row = await driver.read(async (sql) =>
    await sql.one(
      "SELECT c.header_bytes, c.body_bytes, c.blob, " +
        `${range.of === "body" ? "NULL" : "c.header"} AS header, ` +
        `${range.of === "header" ? "NULL" : "b.bytes"} AS body ` +
        "FROM messages m JOIN contents c ON c.id = m.content " +
        "LEFT JOIN bodies b ON b.content = c.id " +
        "WHERE m.mailbox = ? AND m.uid = ?",
      [mailbox, uid],
    )
  );
  if (row === undefined) throw new StorageError("notFound", "No such message");
  const headerBytes = range.of === "body" ? 0 : number(row, "header_bytes");
  const bodyBytes = range.of === "header" ? 0 : number(row, "body_bytes");
  const size = headerBytes + bodyBytes;
  const start = Math.min(Math.max(range.start, 0), size);
  const end = Math.min(Math.max(range.end ?? size, start), size);
  const memory: Uint8Array[] = [];
  if (start < headerBytes) {
    memory.push(bytes(row, "header").subarray(start, end));
  }
  const bodyStart = Math.max(start - headerBytes, 0);
  const bodyEnd = end - headerBytes;
  const hash = optionalText(row, "blob");
  if (bodyEnd <= bodyStart) return streamOf(memory, undefined);
  if (hash !== undefined) {
    const rest = await blobs.open(hash, { start: bodyStart, end: bodyEnd });
    return memory.length === 0 ? rest : streamOf(memory, rest);
  }
  const body = optionalBytes(row, "body");
  if (body !== undefined) memory.push(body.subarray(bodyStart, bodyEnd));
  return streamOf(memory, undefined);
}

/** Bytes in memory, then a stream. */
function streamOf(
  memory: readonly Uint8Array[],
  rest: ReadableStream<Uint8Array> | undefined,
): ReadableStream<Uint8Array> {
  const chunks = chunksOf(memory);
  const reader = rest?.getReader();
  return new ReadableStream({
    async pull(controller): Promise<void> {
      const next = chunks.next();
      if (!next.done) {
        controller.enqueue(next.value);
        return;
      }
      const more = await reader?.read();
      if (more === undefined || more.done) controller.close();
      else controller.enqueue(more.value);
    },
    async cancel(reason): Promise<void> {
      await reader?.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/** Chunks with a buffer each, so that they can be transferred. */
function* chunksOf(memory: readonly Uint8Array[]): Generator<Uint8Array, void> {
  for (const bytes of memory) {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      yield bytes.slice(at, at + CHUNK_BYTES);
    }
  }
}

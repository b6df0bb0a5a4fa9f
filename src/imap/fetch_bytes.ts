/**
 * Bytes of a message that FETCH sends: from the columns that came with it, or
 * streamed from the store with back-pressure.
 */
import { StorageError } from "#src/errors/errors.ts";
import type { ByteRange, FetchedMessage } from "./backend.ts";
import type { Located } from "./fetch_section.ts";
import { MAX_INNER_HEADER_BYTES } from "./limits.ts";
import type { Session } from "./session.ts";
import { StreamLost } from "./stream_lost.ts";

/** The bytes of a range where they came with the columns. */
export function inMemory(
  message: FetchedMessage,
  { of, start, end }: Located,
): readonly Uint8Array[] | undefined {
  if (start === end) return [];
  const { header, body, headerBytes } = message;
  if (of === "header") return header && [header.subarray(start, end)];
  if (of === "body") return body && [body.subarray(start, end)];
  const pieces: Uint8Array[] = [];
  if (start < headerBytes) {
    if (header === undefined) return undefined;
    pieces.push(header.subarray(start, Math.min(end, headerBytes)));
  }
  if (end > headerBytes) {
    if (body === undefined) return undefined;
    const from = Math.max(0, start - headerBytes);
    pieces.push(body.subarray(from, end - headerBytes));
  }
  return pieces;
}

/** A short range as one run of bytes; `undefined` where it can not be had. */
export async function readShort(
  session: Session,
  message: FetchedMessage,
  range: Located,
): Promise<Uint8Array | undefined> {
  const end = Math.min(range.end, range.start + MAX_INNER_HEADER_BYTES);
  const stream = await tryOpen(session, message.uid, { ...range, end });
  if (stream === undefined) return undefined;
  const bytes = new Uint8Array(end - range.start);
  let at = 0;
  for await (const chunk of stream) {
    const fitting = chunk.subarray(0, bytes.length - at);
    bytes.set(fitting, at);
    at += fitting.length;
  }
  return bytes.subarray(0, at);
}

/** The bytes of a message; `undefined` where it was expunged meanwhile. */
export async function tryOpen(
  session: Session,
  uid: number,
  range: ByteRange,
): Promise<ReadableStream<Uint8Array> | undefined> {
  const { backend } = session.services;
  try {
    return await backend.open(session.selected.view.mailbox, uid, range);
  } catch (error) {
    if (error instanceof StorageError && error.kind === "notFound") {
      return undefined;
    }
    throw error;
  }
}

/**
 * Sends the content of a literal whose announcement of `size` bytes is written.
 * Anything else than exactly these bytes ends the connection: the client could
 * not tell what follows.
 */
export async function sendStream(
  session: Session,
  stream: AsyncIterable<Uint8Array>,
  { uid, size }: { readonly uid: number; readonly size: number },
): Promise<void> {
  const { out } = session;
  let sent = 0;
  try {
    for await (const chunk of stream) {
      sent += chunk.length;
      if (sent > size) break;
      out.bytes(chunk);
      if (out.isFull) await out.flush();
    }
  } catch (cause) {
    throw new StreamLost("A literal broke off", { cause });
  }
  if (sent !== size) {
    throw new StreamLost("A literal has another length than announced", {
      fields: { uid, size, sent },
    });
  }
}

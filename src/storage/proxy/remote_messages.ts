/**
 * Messages of another server as our store would give them. What our own server
 * computes at delivery (structure with offsets, preview) is computed here when
 * it is first asked for, from the whole message, and remembered.
 */
import type { ImapFlow } from "imapflow";
import { StorageError } from "#src/errors/errors.ts";
import type { FetchColumns, FetchedMessage, Uid } from "#src/imap/backend.ts";
import { ByteBuilder } from "#src/bytes/byte_builder.ts";
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import { envelopeFields, writeEnvelope } from "#src/imap/format_envelope.ts";
import type { MessageSummary } from "#src/imap/summary.ts";
import { SummaryBuilder } from "#src/imap/summary_builder.ts";
import { findHeaderEnd, HeaderBlock } from "#src/message/header_block.ts";
import type { MirroredMessage } from "./mirror.ts";

/** Bytes asked for at once. */
export const CHUNK_BYTES = 1024 * 1024;

/** Longest header. */
const MAX_HEADER_BYTES = 4 * 1024 * 1024;

/** Summaries that are remembered of one account. */
const MAX_SUMMARIES = 2_000;

/** What is computed of a message. */
export interface KnownMessage {
  readonly headerBytes: number;
  readonly summary: MessageSummary;
}

/** Summaries by mailbox and UID; the oldest are forgotten. */
export class SummaryCache {
  readonly #known = new Map<string, KnownMessage>();

  get(key: string): KnownMessage | undefined {
    return this.#known.get(key);
  }

  add(key: string, message: KnownMessage): void {
    this.#known.set(key, message);
    if (this.#known.size <= MAX_SUMMARIES) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

/** Whether the columns need the whole message, and not its header alone. */
export function needsWhole(columns: FetchColumns): boolean {
  return columns.bodyStructure === true || columns.bodyBasic === true ||
    columns.structure === true || columns.preview === true ||
    columns.bodyUpTo !== undefined;
}

/** The chunks of a message, from an offset on. */
export async function* readSource(
  client: ImapFlow,
  uid: Uid,
  start = 0,
  end = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<Uint8Array, void> {
  let at = start;
  while (at < end) {
    const maxLength = Math.min(CHUNK_BYTES, end - at);
    const source = { start: at, maxLength };
    const found = await client.fetchOne(`${uid}`, { source }, { uid: true });
    if (found === false || found.source === undefined) {
      if (at === start) throw gone();
      return;
    }
    const bytes = new Uint8Array(found.source);
    if (bytes.length > 0) yield bytes;
    if (bytes.length < maxLength) return;
    at += bytes.length;
  }
}

/** Reads a message once and computes everything. */
export async function summarizeRemote(
  client: ImapFlow,
  uid: Uid,
): Promise<KnownMessage> {
  let held: Uint8Array = new Uint8Array(0);
  let builder: SummaryBuilder | undefined;
  let headerBytes = 0;
  for await (const chunk of readSource(client, uid)) {
    if (builder !== undefined) {
      builder.write(chunk);
      continue;
    }
    held = concatBytes([held, chunk]);
    const end = findHeaderEnd(held);
    if (end === undefined && held.length < MAX_HEADER_BYTES) continue;
    headerBytes = end ?? held.length;
    builder = new SummaryBuilder(new HeaderBlock(held.slice(0, headerBytes)));
    builder.write(held.subarray(headerBytes));
  }
  if (builder === undefined) {
    headerBytes = held.length;
    builder = new SummaryBuilder(new HeaderBlock(held));
  }
  return { headerBytes, summary: builder.finish() };
}

/** The columns that the mirror has. */
export function basics(
  message: MirroredMessage,
  emailId: string,
): FetchedMessage {
  const { uid, internalDate, sizeBytes } = message;
  return {
    uid,
    internalDate,
    sizeBytes,
    headerBytes: 0,
    emailId,
    threadId: "",
    savedAt: internalDate,
  };
}

/** With what the header alone tells. */
export function withHeader(
  message: FetchedMessage,
  header: Uint8Array,
  columns: FetchColumns,
): FetchedMessage {
  const envelope = new ByteBuilder(512);
  if (columns.envelope === true) {
    writeEnvelope(envelope, envelopeFields(new HeaderBlock(header)));
  }
  return {
    ...message,
    headerBytes: header.length,
    ...(columns.envelope === true ? { envelope: envelope.finish() } : {}),
    ...(columns.header === true ? { header } : {}),
  };
}

/** With what the whole message tells. */
export function withSummary(
  message: FetchedMessage,
  { headerBytes, summary }: KnownMessage,
  columns: FetchColumns,
): FetchedMessage {
  return {
    ...message,
    headerBytes,
    ...(columns.envelope === true ? { envelope: summary.envelope } : {}),
    ...(columns.bodyStructure === true
      ? { bodyStructure: summary.bodyStructure }
      : {}),
    ...(columns.bodyBasic === true ? { bodyBasic: summary.bodyBasic } : {}),
    ...(columns.structure === true
      ? { structure: JSON.stringify(summary.structure) }
      : {}),
    ...(columns.preview === true ? { preview: summary.preview } : {}),
  };
}

/** The message is not there any more. */
export function gone(): StorageError {
  return new StorageError("notFound", "The message is gone");
}

/** `StorageBackend.fetch`: columns of messages in bounded batches. */
import { StorageError } from "#src/errors/errors.ts";
import type {
  FetchColumns,
  FetchedMessage,
  MailboxId,
} from "#src/imap/backend.ts";
import type { Blobs } from "#src/module/roles/blobs.ts";
import type { Row, Sql, StorageDriver } from "../driver.ts";
import { bytes, number, optionalBytes, optionalText, text } from "../row.ts";
import { ascending, type MessageRow, selectRows } from "./message_rows.ts";
import { emailIdOf } from "./place_messages.ts";
import { readAll } from "./read_all.ts";

/** Messages in one batch. */
const BATCH_MESSAGES = 200;

/** Bytes in one batch, one message more or less. */
const BATCH_BYTES = 256 * 1024;

/** What the summary columns of a message weigh, about. */
const SUMMARY_BYTES = 1_024;

/** What a fetch works on. */
export interface FetchSource {
  readonly driver: StorageDriver;
  readonly blobs: Blobs;
}

/** A message whose body is still to be read from its blob. */
interface Half {
  readonly message: FetchedMessage;
  readonly blob: string | undefined;
}

/** See `StorageBackend.fetch`. */
export async function* fetchMessages(
  { driver, blobs }: FetchSource,
  mailbox: MailboxId,
  uids: Uint32Array,
  columns: FetchColumns,
): AsyncGenerator<readonly FetchedMessage[], void> {
  const wanted = ascending(uids);
  let at = 0;
  while (at < wanted.length) {
    const page = wanted.subarray(at, at + BATCH_MESSAGES);
    const { halves, taken } = await driver.read((sql) =>
      readBatch(sql, mailbox, page, columns)
    );
    at += taken;
    const batch: FetchedMessage[] = [];
    for (const { message, blob } of halves) {
      const whole = blob === undefined
        ? message
        : await withBlob(blobs, message, blob);
      if (whole !== undefined) batch.push(whole);
    }
    if (batch.length > 0) yield batch;
  }
}

/** Reads messages until the batch is full; how many of `page` it covers. */
async function readBatch(
  sql: Sql,
  mailbox: MailboxId,
  page: Uint32Array,
  columns: FetchColumns,
): Promise<{ readonly halves: readonly Half[]; readonly taken: number }> {
  const list = contentColumns(columns);
  const halves: Half[] = [];
  let weight = 0;
  for (const row of await selectRows(sql, mailbox, page)) {
    if (weight >= BATCH_BYTES) {
      return { halves, taken: page.indexOf(row.uid) };
    }
    const content = list === "" ? undefined : await sql.one(
      `SELECT ${list} FROM contents WHERE id = ?`,
      [row.content],
    );
    const half = toHalf(row, content, columns);
    weight += SUMMARY_BYTES + (half.message.header?.length ?? 0) +
      (half.blob === undefined
        ? half.message.body?.length ?? 0
        : row.sizeBytes - row.headerBytes);
    halves.push(half);
  }
  return { halves, taken: page.length };
}

/** Columns of `contents` that are needed; empty: none. */
function contentColumns(columns: FetchColumns): string {
  const list: string[] = [];
  if (columns.envelope) list.push("envelope");
  if (columns.bodyStructure) list.push("body_structure");
  if (columns.bodyBasic) list.push("body_basic");
  if (columns.structure) list.push("structure");
  if (columns.preview) list.push("preview");
  if (columns.header) list.push("header");
  // A body that is too long is never read from the disk.
  if (columns.bodyUpTo !== undefined) {
    const limit = Math.trunc(columns.bodyUpTo);
    list.push(
      "body_bytes",
      "blob",
      `CASE WHEN body_bytes <= ${limit} THEN body END AS body`,
    );
  }
  return list.join(", ");
}

function toHalf(
  row: MessageRow,
  content: Row | undefined,
  columns: FetchColumns,
): Half {
  const base = {
    uid: row.uid,
    flags: row.flags,
    modSeq: row.modSeq,
    internalDate: row.internalDate,
    sizeBytes: row.sizeBytes,
    headerBytes: row.headerBytes,
    emailId: emailIdOf(row.content),
    threadId: row.threadId,
    savedAt: row.savedAt,
  };
  if (content === undefined) return { message: base, blob: undefined };
  const fits = columns.bodyUpTo !== undefined &&
    number(content, "body_bytes") <= columns.bodyUpTo;
  const body = fits ? optionalBytes(content, "body") : undefined;
  return {
    message: {
      ...base,
      ...columns.envelope && { envelope: bytes(content, "envelope") },
      ...columns.bodyStructure &&
        { bodyStructure: bytes(content, "body_structure") },
      ...columns.bodyBasic && { bodyBasic: bytes(content, "body_basic") },
      ...columns.structure && { structure: text(content, "structure") },
      ...columns.preview && { preview: text(content, "preview") },
      ...columns.header && { header: bytes(content, "header") },
      ...body !== undefined && { body },
    },
    blob: fits ? optionalText(content, "blob") : undefined,
  };
}

/** Adds the body; `undefined` where the message went away meanwhile. */
async function withBlob(
  blobs: Blobs,
  message: FetchedMessage,
  hash: string,
): Promise<FetchedMessage | undefined> {
  try {
    const size = message.sizeBytes - message.headerBytes;
    return { ...message, body: await readAll(await blobs.open(hash), size) };
  } catch (error) {
    if (error instanceof StorageError && error.kind === "notFound") {
      return undefined;
    }
    throw error;
  }
}

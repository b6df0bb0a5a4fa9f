/** Picks rows of messages by UID. */
import type { MailboxId, Uid } from "#src/imap/backend.ts";
import type { Maybe, SqlValue } from "../driver.ts";
import { asNumber } from "../row.ts";

/** Rows taken by one range query. */
const PAGE = 1_000;

/** A range is read as a whole where at least one in so many is wanted. */
const SPARSE = 4;

/** What is known of a message without opening its content. */
export interface MessageRow {
  readonly uid: Uid;
  readonly modSeq: number;
  readonly flags: number;
  readonly internalDate: number;
  readonly savedAt: number;
  readonly sizeBytes: number;
  readonly headerBytes: number;
  readonly content: number;
  readonly threadId: string;
}

/** The part of `Sql` that is needed here. */
export interface Selecting {
  tuples(
    sql: string,
    params?: readonly SqlValue[],
  ): Maybe<readonly (readonly SqlValue[])[]>;
}

const COLUMNS =
  "uid, modseq, flags, internal_date, saved_at, size_bytes, header_bytes, " +
  "content, thread_id";

/**
 * The messages among `uids` (ascending) that are there, ascending. The caller
 * bounds the length of `uids` where it has to bound memory.
 */
export async function selectRows(
  sql: Selecting,
  mailbox: MailboxId,
  uids: Uint32Array,
): Promise<MessageRow[]> {
  const rows: MessageRow[] = [];
  for (let at = 0; at < uids.length; at += PAGE) {
    const page = uids.subarray(at, at + PAGE);
    const first = page[0] ?? 0;
    const last = page[page.length - 1] ?? 0;
    if (last - first < page.length * SPARSE) {
      await addRange(sql, mailbox, page, rows);
    } else {
      for (const uid of page) await addOne(sql, mailbox, uid, rows);
    }
  }
  return rows;
}

async function addRange(
  sql: Selecting,
  mailbox: MailboxId,
  page: Uint32Array,
  rows: MessageRow[],
): Promise<void> {
  const found = await sql.tuples(
    `SELECT ${COLUMNS} FROM messages WHERE mailbox = ? AND uid >= ? ` +
      "AND uid <= ? ORDER BY uid",
    [mailbox, page[0] ?? 0, page[page.length - 1] ?? 0],
  );
  let at = 0;
  for (const tuple of found) {
    const row = toRow(tuple);
    while (at < page.length && (page[at] ?? 0) < row.uid) at++;
    if (page[at] === row.uid) rows.push(row);
  }
}

async function addOne(
  sql: Selecting,
  mailbox: MailboxId,
  uid: Uid,
  rows: MessageRow[],
): Promise<void> {
  const [tuple] = await sql.tuples(
    `SELECT ${COLUMNS} FROM messages WHERE mailbox = ? AND uid = ?`,
    [mailbox, uid],
  );
  if (tuple !== undefined) rows.push(toRow(tuple));
}

function toRow(tuple: readonly SqlValue[]): MessageRow {
  return {
    uid: asNumber(tuple[0], "uid"),
    modSeq: asNumber(tuple[1], "modseq"),
    flags: asNumber(tuple[2], "flags"),
    internalDate: asNumber(tuple[3], "internal_date"),
    savedAt: asNumber(tuple[4], "saved_at"),
    sizeBytes: asNumber(tuple[5], "size_bytes"),
    headerBytes: asNumber(tuple[6], "header_bytes"),
    content: asNumber(tuple[7], "content"),
    threadId: String(tuple[8]),
  };
}

/** UIDs in ascending order, each once, as the contract wants them. */
export function ascending(uids: Uint32Array): Uint32Array {
  let sorted = true;
  for (let i = 1; i < uids.length && sorted; i++) {
    sorted = (uids[i - 1] ?? 0) < (uids[i] ?? 0);
  }
  return sorted ? uids : new Uint32Array(new Set(uids.toSorted()));
}

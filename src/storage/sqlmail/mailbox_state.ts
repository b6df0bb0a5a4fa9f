/** What the writer keeps of a mailbox in memory: its one row and keywords. */
import type { AccountId, MailboxId, MailboxStatus } from "#src/imap/backend.ts";
import type { Row, Sql } from "../driver.ts";
import { number, text } from "../row.ts";

/** A mailbox as the writer changes it; written back once a batch. */
export interface MailboxState {
  readonly id: MailboxId;
  readonly account: AccountId;
  uidValidity: number;
  uidNext: number;
  highestModSeq: number;
  messages: number;
  unseen: number;
  deleted: number;
  sizeBytes: number;
  firstRecentUid: number;
  /** Replaced, never changed in place. */
  keywords: readonly string[];
}

/** Columns that `statusOf` needs. */
export const STATUS_COLUMNS =
  "uid_validity, uid_next, highest_modseq, messages, unseen, deleted, " +
  "size_bytes, first_recent";

/** The counters of a row with `STATUS_COLUMNS`. */
export function statusOf(row: Row): MailboxStatus {
  return {
    messages: number(row, "messages"),
    unseen: number(row, "unseen"),
    deleted: number(row, "deleted"),
    sizeBytes: number(row, "size_bytes"),
    uidNext: number(row, "uid_next"),
    uidValidity: number(row, "uid_validity"),
    highestModSeq: number(row, "highest_modseq"),
    firstRecentUid: number(row, "first_recent"),
  };
}

/** The counters as they are now. */
export function statusNow(state: Readonly<MailboxState>): MailboxStatus {
  const { id: _, account: __, keywords: ___, ...status } = state;
  return status;
}

/** The keywords of a mailbox, in the order of their bits. */
export async function readKeywords(
  sql: Sql,
  mailbox: MailboxId,
): Promise<readonly string[]> {
  const rows = await sql.all(
    "SELECT name FROM keywords WHERE mailbox = ? ORDER BY number",
    [mailbox],
  );
  return rows.map((row) => text(row, "name"));
}

/** Reads a mailbox; `undefined` where it is gone. */
export async function readState(
  sql: Sql,
  mailbox: MailboxId,
): Promise<MailboxState | undefined> {
  const row = await sql.one(
    `SELECT account, ${STATUS_COLUMNS} FROM mailboxes WHERE id = ?`,
    [mailbox],
  );
  if (row === undefined) return undefined;
  return {
    id: mailbox,
    account: number(row, "account"),
    ...statusOf(row),
    keywords: await readKeywords(sql, mailbox),
  };
}

/** Writes the counters back. Keywords are written when they are added. */
export async function writeState(sql: Sql, state: MailboxState): Promise<void> {
  await sql.run(
    "UPDATE mailboxes SET uid_next = ?, highest_modseq = ?, messages = ?, " +
      "unseen = ?, deleted = ?, size_bytes = ?, first_recent = ? WHERE id = ?",
    [
      state.uidNext,
      state.highestModSeq,
      state.messages,
      state.unseen,
      state.deleted,
      state.sizeBytes,
      state.firstRecentUid,
      state.id,
    ],
  );
}

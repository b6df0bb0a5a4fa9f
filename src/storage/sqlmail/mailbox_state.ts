/** What the writer keeps of a mailbox in memory: its one row and keywords. */
import type { AccountId, MailboxId, MailboxStatus } from "#src/imap/backend.ts";
import type { Row, Sql } from "../driver.ts";
import { number, text } from "../row.ts";
import type { AccountUsage } from "./account_usage.ts";

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
  deletedBytes: number;
  firstRecentUid: number;
  /** Replaced, never changed in place. */
  keywords: readonly string[];
  /** Of its account; one object for all mailboxes of that. */
  readonly usage: AccountUsage;
}

/** Columns that `statusOf` needs. */
export const STATUS_COLUMNS =
  "uid_validity, uid_next, highest_modseq, messages, unseen, deleted, " +
  "size_bytes, deleted_bytes, first_recent";

/** The counters of a row with `STATUS_COLUMNS`. */
export function statusOf(row: Row): MailboxStatus {
  return {
    messages: number(row, "messages"),
    unseen: number(row, "unseen"),
    deleted: number(row, "deleted"),
    sizeBytes: number(row, "size_bytes"),
    deletedBytes: number(row, "deleted_bytes"),
    uidNext: number(row, "uid_next"),
    uidValidity: number(row, "uid_validity"),
    highestModSeq: number(row, "highest_modseq"),
    firstRecentUid: number(row, "first_recent"),
  };
}

/** The counters as they are now. */
export function statusNow(state: Readonly<MailboxState>): MailboxStatus {
  const { id: _, account: __, keywords: ___, usage: ____, ...status } = state;
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
  usageOf: (account: AccountId) => Promise<AccountUsage>,
): Promise<MailboxState | undefined> {
  const row = await sql.one(
    `SELECT account, ${STATUS_COLUMNS} FROM mailboxes WHERE id = ?`,
    [mailbox],
  );
  if (row === undefined) return undefined;
  const account = number(row, "account");
  return {
    id: mailbox,
    account,
    ...statusOf(row),
    keywords: await readKeywords(sql, mailbox),
    usage: await usageOf(account),
  };
}

/** Writes the counters back. Keywords are written when they are added. */
export async function writeState(sql: Sql, state: MailboxState): Promise<void> {
  await sql.run(
    "UPDATE mailboxes SET uid_next = ?, highest_modseq = ?, messages = ?, " +
      "unseen = ?, deleted = ?, size_bytes = ?, deleted_bytes = ?, " +
      "first_recent = ? WHERE id = ?",
    [
      state.uidNext,
      state.highestModSeq,
      state.messages,
      state.unseen,
      state.deleted,
      state.sizeBytes,
      state.deletedBytes,
      state.firstRecentUid,
      state.id,
    ],
  );
}

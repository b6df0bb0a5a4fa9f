/** Operations on mailboxes: CREATE, DELETE, RENAME, SUBSCRIBE, \Recent. */
import { randomBytes } from "node:crypto";
import { StorageError } from "#src/errors/errors.ts";
import type {
  AccountId,
  MailboxId,
  MailboxInfo,
  SpecialUse,
  Uid,
} from "#src/imap/backend.ts";
import type { Row } from "../driver.ts";
import { number, optionalText, text } from "../row.ts";
import { isBelow, mailboxName, parentsOf } from "./mailbox_names.ts";
import { STATUS_COLUMNS, statusOf } from "./mailbox_state.ts";
import type { WriteContext } from "./write_context.ts";

/** Mailboxes that one account can have, and subscriptions. */
const MAX_MAILBOXES = 10_000;
const MAX_SUBSCRIPTIONS = 20_000;

/** Columns that `toInfo` needs. */
export const INFO_COLUMNS =
  `id, name, object_id, special_use, ${STATUS_COLUMNS}`;

/** A row with `INFO_COLUMNS` as the backend gives it. */
export function toInfo(row: Row, subscribed: boolean): MailboxInfo {
  return {
    id: number(row, "id"),
    name: text(row, "name"),
    specialUse: optionalText(row, "special_use") as SpecialUse | undefined,
    subscribed,
    status: statusOf(row),
    objectId: text(row, "object_id"),
  };
}

/** `StorageBackend.createMailbox`. */
export async function createMailbox(
  context: WriteContext,
  account: AccountId,
  givenName: string,
  specialUse: SpecialUse | undefined,
): Promise<MailboxInfo> {
  const name = mailboxName(givenName);
  await checkAccount(context, account);
  if (await findRow(context, account, name) !== undefined) {
    throw new StorageError("exists", "The mailbox is there already");
  }
  const missing = await missingParents(context, account, name);
  const count = await context.one(
    "SELECT COUNT(*) AS n FROM mailboxes WHERE account = ?",
    [account],
  );
  checkRoom(count === undefined ? 0 : number(count, "n"), missing.length + 1);
  for (const parent of missing) {
    await insertMailbox(context, account, parent, undefined);
  }
  const row = await insertMailbox(context, account, name, specialUse);
  const subscribed = await context.one(
    "SELECT 1 AS yes FROM subscriptions WHERE account = ? AND name = ?",
    [account, name],
  );
  return toInfo(row, subscribed !== undefined);
}

/** Whether an account with `count` mailboxes may have `more`. */
function checkRoom(count: number, more: number): void {
  if (more === 0 || count + more <= MAX_MAILBOXES) return;
  throw new StorageError("limit", "The account has too many mailboxes");
}

async function missingParents(
  context: WriteContext,
  account: AccountId,
  name: string,
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const parent of parentsOf(name)) {
    if (await findRow(context, account, parent) === undefined) {
      missing.push(parent);
    }
  }
  return missing;
}

async function checkAccount(
  context: WriteContext,
  account: AccountId,
): Promise<void> {
  const row = await context.one("SELECT 1 AS yes FROM accounts WHERE id = ?", [
    account,
  ]);
  if (row === undefined) {
    throw new StorageError("notFound", "The account is gone");
  }
}

async function findRow(
  context: WriteContext,
  account: AccountId,
  name: string,
): Promise<Row | undefined> {
  return await context.one(
    `SELECT ${INFO_COLUMNS} FROM mailboxes WHERE account = ? AND name = ?`,
    [account, name],
  );
}

/** Makes an empty mailbox; the name must be free. Gives `INFO_COLUMNS`. */
export async function insertMailbox(
  context: WriteContext,
  account: AccountId,
  name: string,
  specialUse: SpecialUse | undefined,
): Promise<Row> {
  if (specialUse !== undefined) {
    // RFC 6154 section 3: a use that two mailboxes claim serves nobody.
    await context.run(
      "UPDATE mailboxes SET special_use = NULL " +
        "WHERE account = ? AND special_use = ?",
      [account, specialUse],
    );
  }
  const row = await context.returning(
    "INSERT INTO mailboxes (account, name, object_id, special_use, " +
      "uid_validity, uid_next, highest_modseq, messages, unseen, deleted, " +
      "size_bytes, deleted_bytes, first_recent) " +
      "VALUES (?, ?, ?, ?, ?, 1, 1, 0, 0, 0, 0, 0, 1) " +
      `RETURNING ${INFO_COLUMNS}`,
    [
      account,
      name,
      `F${randomBytes(12).toString("hex")}`,
      specialUse ?? null,
      await nextUidValidity(context),
    ],
  );
  context.listChanged(account);
  if (row === undefined) throw new StorageError("corrupt", "No new mailbox");
  return row;
}

/**
 * A value that no mailbox had before, so that a name that comes again never
 * brings back old UIDs. RFC 9051 section 2.3.1.1. Near the seconds since 1970.
 */
async function nextUidValidity(context: WriteContext): Promise<number> {
  const seconds = Math.floor(context.now / 1_000);
  const row = await context.returning(
    "INSERT INTO settings (name, value) VALUES ('uid_validity', ?) " +
      "ON CONFLICT (name) DO UPDATE SET value = " +
      "CASE WHEN settings.value >= excluded.value THEN settings.value + 1 " +
      "ELSE excluded.value END RETURNING value",
    [seconds],
  );
  if (row === undefined) throw new StorageError("corrupt", "No UIDVALIDITY");
  return number(row, "value");
}

/** `StorageBackend.deleteMailbox`. */
export async function deleteMailbox(
  context: WriteContext,
  account: AccountId,
  givenName: string,
): Promise<void> {
  const name = mailboxName(givenName);
  if (name === "INBOX") {
    throw new StorageError("notAllowed", "INBOX cannot be deleted");
  }
  const row = await findRow(context, account, name);
  if (row === undefined) {
    throw new StorageError("notFound", "No mailbox of that name");
  }
  await removeMailbox(context, account, number(row, "id"));
}

/** Removes a mailbox with its messages. */
export async function removeMailbox(
  context: WriteContext,
  account: AccountId,
  id: MailboxId,
): Promise<void> {
  const { highestModSeq } = await context.mailbox(id);
  await context.run(
    "UPDATE contents SET uses = uses - used.n FROM (SELECT content, " +
      "COUNT(*) AS n FROM messages WHERE mailbox = ? GROUP BY content) AS used " +
      "WHERE contents.id = used.content",
    [id],
  );
  for (const table of ["messages", "expunged", "keywords"]) {
    await context.run(`DELETE FROM ${table} WHERE mailbox = ?`, [id]);
  }
  for (const table of ["acl", "metadata"]) {
    await context.run(`DELETE FROM ${table} WHERE mailbox = ?`, [id]);
  }
  await context.run("DELETE FROM mailboxes WHERE id = ?", [id]);
  await context.gone(id);
  context.listChanged(account);
  context.sayGone(account, id, highestModSeq + 1);
}

/** `StorageBackend.renameMailbox`. */
export async function renameMailbox(
  context: WriteContext,
  account: AccountId,
  givenFrom: string,
  givenTo: string,
): Promise<void> {
  const from = mailboxName(givenFrom);
  const to = mailboxName(givenTo);
  const rows = await context.all(
    "SELECT id, name FROM mailboxes WHERE account = ?",
    [account],
  );
  const names = new Set(rows.map((row) => text(row, "name")));
  const moving = rows.filter((row) =>
    text(row, "name") === from || isBelow(text(row, "name"), from)
  );
  if (moving.length === 0) {
    throw new StorageError("notFound", "No mailbox of that name");
  }
  if (names.has(to)) {
    throw new StorageError("exists", "The new name is taken");
  }
  if (isBelow(to, from) && from !== "INBOX") {
    throw new StorageError("invalid", "A mailbox cannot lie below itself");
  }
  const missing = await missingParents(context, account, to);
  checkRoom(rows.length, missing.length + (from === "INBOX" ? 1 : 0));
  if (from === "INBOX") return await renameInbox(context, account, to, missing);
  const renamed = moving.map((row) => ({
    id: number(row, "id"),
    name: mailboxName(to + text(row, "name").slice(from.length)),
  }));
  if (renamed.some(({ name }) => names.has(name))) {
    throw new StorageError("exists", "A name below the new one is taken");
  }
  for (const parent of missing) {
    await insertMailbox(context, account, parent, undefined);
  }
  for (const { id, name } of renamed) {
    await context.run("UPDATE mailboxes SET name = ? WHERE id = ?", [name, id]);
  }
  context.listChanged(account);
}

/** RFC 9051 section 6.3.6: the messages go, INBOX stays. UIDs are kept. */
async function renameInbox(
  context: WriteContext,
  account: AccountId,
  to: string,
  missing: readonly string[],
): Promise<void> {
  const inbox = await context.one(
    "SELECT id FROM mailboxes WHERE account = ? AND name = 'INBOX'",
    [account],
  );
  if (inbox === undefined) throw new StorageError("notFound", "No INBOX");
  const inboxId = number(inbox, "id");
  for (const parent of missing) {
    await insertMailbox(context, account, parent, undefined);
  }
  const id = number(
    await insertMailbox(context, account, to, undefined),
    "id",
  );
  const from = await context.change(inboxId);
  const made = await context.change(id);
  await context.run(
    "INSERT INTO expunged (mailbox, modseq, uid) " +
      "SELECT mailbox, ?, uid FROM messages WHERE mailbox = ?",
    [from.highestModSeq, inboxId],
  );
  made.highestModSeq = from.highestModSeq;
  await context.run(
    "UPDATE messages SET mailbox = ?, modseq = ? WHERE mailbox = ?",
    [id, made.highestModSeq, inboxId],
  );
  await context.addKeywords(id, from.keywords);
  made.uidNext = from.uidNext;
  made.messages = from.messages;
  made.unseen = from.unseen;
  made.deleted = from.deleted;
  made.sizeBytes = from.sizeBytes;
  made.deletedBytes = from.deletedBytes;
  made.firstRecentUid = from.firstRecentUid;
  from.messages =
    from.unseen =
    from.deleted =
    from.sizeBytes =
    from.deletedBytes =
      0;
}

/** `StorageBackend.setSubscribed`. */
export async function setSubscribed(
  context: WriteContext,
  account: AccountId,
  givenName: string,
  subscribed: boolean,
): Promise<void> {
  const name = mailboxName(givenName);
  await checkAccount(context, account);
  if (subscribed) await checkSubscriptions(context, account);
  await context.run(
    subscribed
      ? "INSERT INTO subscriptions (account, name) VALUES (?, ?) " +
        "ON CONFLICT DO NOTHING"
      : "DELETE FROM subscriptions WHERE account = ? AND name = ?",
    [account, name],
  );
  context.listChanged(account);
}

/** Names need not exist: without a bound they could fill the disk. */
async function checkSubscriptions(
  context: WriteContext,
  account: AccountId,
): Promise<void> {
  const count = await context.one(
    "SELECT COUNT(*) AS n FROM subscriptions WHERE account = ?",
    [account],
  );
  if (count === undefined || number(count, "n") < MAX_SUBSCRIPTIONS) return;
  throw new StorageError("limit", "The account has too many subscriptions");
}

/** `StorageBackend.claimRecent`. */
export async function claimRecent(
  context: WriteContext,
  mailbox: MailboxId,
  below: Uid,
): Promise<Uid> {
  const { firstRecentUid, uidNext } = await context.mailbox(mailbox);
  const end = Math.min(below, uidNext);
  if (firstRecentUid < end) {
    (await context.touch(mailbox)).firstRecentUid = end;
  }
  return firstRecentUid;
}

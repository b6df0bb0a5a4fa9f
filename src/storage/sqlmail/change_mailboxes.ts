/** Operations on mailboxes: CREATE, DELETE, RENAME, SUBSCRIBE, \Recent. */
import { randomBytes } from "node:crypto";
import { StorageError } from "#src/errors/errors.ts";
import { requireRights } from "#src/imap/rights.ts";
import type {
  AccountId,
  MailboxId,
  MailboxInfo,
  SpecialUse,
  Uid,
} from "#src/imap/backend.ts";
import type { Row } from "../driver.ts";
import { number } from "../row.ts";
import { inheritAcl, tellOthers } from "./change_acl.ts";
import {
  type NamePlace,
  noMailbox,
  placeOf,
  requireMailbox,
  rightsIn,
  sharedInfo,
} from "./find_mailbox.ts";
import { INFO_COLUMNS, toInfo } from "./mailbox_info.ts";
import { mailboxName, parentsOf, splitSharedName } from "./mailbox_names.ts";
import type { WriteContext } from "./write_context.ts";

/** Mailboxes that one account can have, and subscriptions. */
const MAX_MAILBOXES = 10_000;
const MAX_SUBSCRIPTIONS = 20_000;

/** `StorageBackend.createMailbox`. */
export async function createMailbox(
  context: WriteContext,
  account: AccountId,
  givenName: string,
  specialUse: SpecialUse | undefined,
): Promise<MailboxInfo> {
  const name = mailboxName(givenName);
  await checkAccount(context, account);
  const place = await newPlace(context, account, name);
  const { owner, isShared } = place;
  if (isShared && specialUse !== undefined) throw notHere();
  if (await findRow(context, owner, place.name) !== undefined) {
    throw new StorageError("exists", "The mailbox is there already");
  }
  const missing = await missingParents(context, owner, place.name);
  const count = await context.one(
    "SELECT COUNT(*) AS n FROM mailboxes WHERE account = ?",
    [owner],
  );
  checkRoom(count === undefined ? 0 : number(count, "n"), missing.length + 1);
  await insertParents(context, owner, missing);
  const row = await insertBelow(context, owner, place.name, specialUse);
  const subscribed = await context.one(
    "SELECT 1 AS yes FROM subscriptions WHERE account = ? AND name = ?",
    [account, name],
  ) !== undefined;
  if (!isShared) return toInfo(row, subscribed);
  const rights = await rightsIn(context, account, number(row, "id"));
  return sharedInfo(row, { name, rights }, subscribed);
}

/**
 * Where a mailbox of that name may be made. RFC 4314 section 4: in another's
 * hierarchy that needs the right `k` in the nearest parent that is there.
 */
export async function newPlace(
  context: WriteContext,
  account: AccountId,
  name: string,
): Promise<NamePlace> {
  if (splitSharedName(name)?.name === undefined) {
    if (splitSharedName(name) !== undefined) throw notHere();
    return { owner: account, name, isShared: false };
  }
  const place = await placeOf(context, account, name);
  if (place === undefined) throw noMailbox();
  for (const parent of parentsOf(place.name).toReversed()) {
    const row = await findRow(context, place.owner, parent);
    if (row === undefined) continue;
    requireRights(await rightsIn(context, account, number(row, "id")), "k");
    return place;
  }
  throw noMailbox();
}

/** What belongs to nobody, or is nothing for others. */
export function notHere(): StorageError {
  return new StorageError("notAllowed", "That can not be done there");
}

/** Throws `limit` unless an account with `count` mailboxes may have `more`. */
export function checkRoom(count: number, more: number): void {
  if (more === 0 || count + more <= MAX_MAILBOXES) return;
  throw new StorageError("limit", "The account has too many mailboxes");
}

/** Names above a name that have no mailbox yet, from the top. */
export async function missingParents(
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
  if (specialUse !== undefined) await takeUse(context, account, specialUse);
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

/** How METADATA calls the use of a mailbox. RFC 6154 section 4. */
export const SPECIAL_USE_ENTRY = "/private/specialuse";

/** RFC 6154 section 3: a use that two mailboxes claim serves nobody. */
async function takeUse(
  context: WriteContext,
  account: AccountId,
  use: SpecialUse,
  mailbox?: MailboxId,
): Promise<void> {
  const row = await context.returning(
    "UPDATE mailboxes SET special_use = NULL " +
      "WHERE account = ? AND special_use = ? AND id IS NOT ? RETURNING id",
    [account, use, mailbox ?? null],
  );
  if (row === undefined) return;
  // It has lost an annotation, and nobody has said so of it.
  context.annotationsChanged({
    account,
    mailbox: number(row, "id"),
    modSeq: 0,
    annotations: {
      changes: [{ name: SPECIAL_USE_ENTRY, reader: account }],
      by: undefined,
    },
  });
}

/** Gives a mailbox a use, or none. RFC 6154 section 4. */
export async function giveUse(
  context: WriteContext,
  account: AccountId,
  mailbox: MailboxId,
  use: SpecialUse | undefined,
): Promise<void> {
  if (use !== undefined) await takeUse(context, account, use, mailbox);
  await context.run("UPDATE mailboxes SET special_use = ? WHERE id = ?", [
    use ?? null,
    mailbox,
  ]);
  context.listChanged(account);
}

/** Makes the parents that are missing, from the top. */
export async function insertParents(
  context: WriteContext,
  account: AccountId,
  missing: readonly string[],
): Promise<void> {
  for (const parent of missing) {
    await insertBelow(context, account, parent, undefined);
  }
}

/** As `insertMailbox`, with the rights of its parent. RFC 4314 section 4. */
export async function insertBelow(
  context: WriteContext,
  account: AccountId,
  name: string,
  specialUse: SpecialUse | undefined,
): Promise<Row> {
  const row = await insertMailbox(context, account, name, specialUse);
  const above = parentsOf(name).at(-1);
  const parent = above === undefined
    ? undefined
    : await findRow(context, account, above);
  if (parent !== undefined) {
    await inheritAcl(context, number(parent, "id"), number(row, "id"));
  }
  return row;
}

/** `StorageBackend.deleteMailbox`. */
export async function deleteMailbox(
  context: WriteContext,
  account: AccountId,
  givenName: string,
): Promise<void> {
  const name = mailboxName(givenName);
  const found = await requireMailbox(context, account, name, "x");
  if (found.name === "INBOX") {
    throw new StorageError("notAllowed", "INBOX cannot be deleted");
  }
  await removeMailbox(context, found.owner, number(found.row, "id"));
}

/** Removes a mailbox with its messages. */
export async function removeMailbox(
  context: WriteContext,
  account: AccountId,
  id: MailboxId,
): Promise<void> {
  const { highestModSeq } = await context.mailbox(id);
  await tellOthers(context, id);
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

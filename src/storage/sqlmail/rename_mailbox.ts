/** RENAME. RFC 9051 section 6.3.6, RFC 4314 section 4. */
import { StorageError } from "#src/errors/errors.ts";
import type { AccountId, MailboxId } from "#src/imap/backend.ts";
import { hasRights } from "#src/imap/rights.ts";
import type { Row } from "../driver.ts";
import { number, text } from "../row.ts";
import { inheritAcl, tellOthers } from "./change_acl.ts";
import {
  checkRoom,
  insertBelow,
  insertParents,
  missingParents,
  newPlace,
  notHere,
} from "./change_mailboxes.ts";
import {
  noMailbox,
  placeOf,
  requireMailbox,
  rightsIn,
} from "./find_mailbox.ts";
import { isBelow, mailboxName } from "./mailbox_names.ts";
import type { WriteContext } from "./write_context.ts";

/** `StorageBackend.renameMailbox`. */
export async function renameMailbox(
  context: WriteContext,
  account: AccountId,
  givenFrom: string,
  givenTo: string,
): Promise<void> {
  const source = await placeOf(context, account, mailboxName(givenFrom));
  if (source === undefined) throw noMailbox();
  if (source.isShared) {
    await requireMailbox(context, account, mailboxName(givenFrom), "x");
    // What lies in another's INBOX is not ours to move away.
    if (source.name === "INBOX") throw notHere();
  }
  const target = await newPlace(context, account, mailboxName(givenTo));
  if (source.owner !== target.owner) throw notHere();
  const { owner, name: from } = source;
  const to = target.name;
  const rows = await context.all(
    "SELECT id, name FROM mailboxes WHERE account = ?",
    [owner],
  );
  const names = new Set(rows.map((row) => text(row, "name")));
  const moving = rows.filter((row) =>
    text(row, "name") === from || isBelow(text(row, "name"), from)
  );
  if (moving.length === 0) throw noMailbox();
  if (source.isShared) await checkMoving(context, account, moving);
  if (names.has(to)) {
    throw new StorageError("exists", "The new name is taken");
  }
  if (isBelow(to, from) && from !== "INBOX") {
    throw new StorageError("invalid", "A mailbox cannot lie below itself");
  }
  const missing = await missingParents(context, owner, to);
  checkRoom(rows.length, missing.length + (from === "INBOX" ? 1 : 0));
  if (from === "INBOX") return await renameInbox(context, owner, to, missing);
  const renamed = moving.map((row) => ({
    id: number(row, "id"),
    name: mailboxName(to + text(row, "name").slice(from.length)),
  }));
  if (renamed.some(({ name }) => names.has(name))) {
    throw new StorageError("exists", "A name below the new one is taken");
  }
  await insertParents(context, owner, missing);
  for (const { id, name } of renamed) {
    await context.run("UPDATE mailboxes SET name = ? WHERE id = ?", [name, id]);
    await tellOthers(context, id);
  }
  context.listChanged(owner);
}

/** Each mailbox that gets another name needs the right for that. */
async function checkMoving(
  context: WriteContext,
  account: AccountId,
  moving: readonly Row[],
): Promise<void> {
  for (const row of moving) {
    const rights = await rightsIn(context, account, number(row, "id"));
    if (hasRights(rights, "x")) continue;
    throw new StorageError("noPermission", "A mailbox below may not be moved");
  }
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
  await insertParents(context, account, missing);
  const id = number(await insertBelow(context, account, to, undefined), "id");
  await copyNotes(context, inboxId, id);
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

/**
 * Annotations go with the messages and stay as well (RFC 5464 section 4.1), and
 * so does who may do what (RFC 4314 section 4).
 */
async function copyNotes(
  context: WriteContext,
  from: MailboxId,
  to: MailboxId,
): Promise<void> {
  await context.run(
    "INSERT INTO metadata (mailbox, reader, name, account, value) " +
      "SELECT ?, reader, name, account, value FROM metadata WHERE mailbox = ?",
    [to, from],
  );
  await context.run("DELETE FROM acl WHERE mailbox = ?", [to]);
  await inheritAcl(context, from, to);
}

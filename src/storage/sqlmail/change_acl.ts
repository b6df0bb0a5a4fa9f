/** Changes of access control lists. RFC 4314. */
import { StorageError } from "#src/errors/errors.ts";
import { EVERY_ACCOUNT, type MailboxId } from "#src/imap/backend.ts";
import type { AclPower } from "#src/imap/powers.ts";
import {
  ALL_RIGHTS,
  ANYONE,
  joinRights,
  withoutRights,
} from "#src/imap/rights.ts";
import { number, text } from "../row.ts";
import type { Addresses } from "./addresses.ts";
import { requireMailbox } from "./find_mailbox.ts";
import { mailboxName, SEPARATOR } from "./mailbox_names.ts";
import type { WriteContext } from "./write_context.ts";

/** Entries of one mailbox: every listing reads those that concern one. */
const MAX_ENTRIES = 500;

const NEGATIVE = "-";

/** `AclPower.change`. */
export async function changeAcl(
  context: WriteContext,
  addresses: Addresses,
  { account, mailbox, identifier: given, mode, rights }: Parameters<
    AclPower["change"]
  >[0],
): Promise<void> {
  const name = mailboxName(mailbox);
  const { owner, row } = await requireMailbox(context, account, name, "a");
  const identifier = identifierOf(addresses, given);
  const id = number(row, "id");
  const ownerName = await accountName(context, owner);
  if (identifier === ownerName || identifier === NEGATIVE + ownerName) {
    return checkOwner(identifier, mode, rights);
  }
  if (ownerName.includes(SEPARATOR)) {
    throw new StorageError("notAllowed", "The account's name has a delimiter");
  }
  const entry = await context.one(
    "SELECT rights FROM acl WHERE mailbox = ? AND identifier = ?",
    [id, identifier],
  );
  const before = entry === undefined ? "" : text(entry, "rights");
  const after = changed(before, mode, rights);
  if (after === before) return;
  if (entry === undefined) await checkRoom(context, id);
  // Before and after: who loses a mailbox is told as well.
  await tellOthers(context, id);
  await context.run(
    after === ""
      ? "DELETE FROM acl WHERE mailbox = ? AND identifier = ?"
      : "INSERT INTO acl (mailbox, identifier, rights) VALUES (?, ?, ?) " +
        "ON CONFLICT (mailbox, identifier) DO UPDATE SET rights = excluded.rights",
    after === "" ? [id, identifier] : [id, identifier, after],
  );
  await tellOthers(context, id);
  // Sessions that have it selected look at their rights again.
  await context.change(id);
}

/** The one spelling of an identifier; `invalid`. */
export function identifierOf(addresses: Addresses, given: string): string {
  const isNegative = given.startsWith(NEGATIVE);
  const bare = isNegative ? given.slice(NEGATIVE.length) : given;
  const name = bare.toLowerCase() === ANYONE
    ? ANYONE
    : addresses.accountName(bare);
  if (name === "" || name.startsWith(NEGATIVE)) {
    throw new StorageError("invalid", "Not an identifier");
  }
  return isNegative ? NEGATIVE + name : name;
}

/** The name of an account; `notFound`. */
export async function accountName(
  sql: Pick<WriteContext, "one">,
  account: number,
): Promise<string> {
  const row = await sql.one("SELECT name FROM accounts WHERE id = ?", [
    account,
  ]);
  if (row === undefined) throw new StorageError("notFound", "No account");
  return text(row, "name");
}

/** Gives a new mailbox the entries of another. */
export async function inheritAcl(
  context: WriteContext,
  from: MailboxId,
  to: MailboxId,
): Promise<void> {
  const count = await context.run(
    "INSERT INTO acl (mailbox, identifier, rights) " +
      "SELECT ?, identifier, rights FROM acl WHERE mailbox = ?",
    [to, from],
  );
  if (count > 0) await tellOthers(context, to);
}

/**
 * Tells accounts that are named in a list, with negative rights too, that their
 * mailboxes changed; all of them where `anyone` is.
 */
export async function tellOthers(
  context: WriteContext,
  mailbox: MailboxId,
): Promise<void> {
  const shared = await context.one(
    "SELECT 1 AS found FROM acl WHERE mailbox = ? AND identifier IN (?, ?)",
    [mailbox, ANYONE, NEGATIVE + ANYONE],
  );
  if (shared !== undefined) return context.listChanged(EVERY_ACCOUNT);
  const rows = await context.all(
    "SELECT a.id FROM acl c JOIN accounts a ON a.name = " +
      "CASE WHEN substr(c.identifier, 1, 1) = ? " +
      "THEN substr(c.identifier, 2) ELSE c.identifier END WHERE c.mailbox = ?",
    [NEGATIVE, mailbox],
  );
  for (const row of rows) context.listChanged(number(row, "id"));
}

function changed(
  before: string,
  mode: "replace" | "add" | "remove",
  rights: string,
): string {
  if (mode === "replace") return joinRights("", rights);
  return mode === "add"
    ? joinRights(before, rights)
    : withoutRights(before, rights);
}

/** The owner has all rights, always: only what changes nothing is taken. */
function checkOwner(
  identifier: string,
  mode: "replace" | "add" | "remove",
  rights: string,
): void {
  const isNegative = identifier.startsWith(NEGATIVE);
  const keeps = isNegative
    ? mode !== "add" && (mode === "remove" || rights === "")
    : mode === "add" ||
      (mode === "remove" ? rights === "" : rights === ALL_RIGHTS);
  if (keeps) return;
  throw new StorageError("notAllowed", "The owner has all rights");
}

async function checkRoom(
  context: WriteContext,
  mailbox: MailboxId,
): Promise<void> {
  const row = await context.one(
    "SELECT COUNT(*) AS n FROM acl WHERE mailbox = ?",
    [mailbox],
  );
  if (row === undefined || number(row, "n") < MAX_ENTRIES) return;
  throw new StorageError("limit", "The list has too many entries");
}

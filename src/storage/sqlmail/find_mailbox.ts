/**
 * Mailboxes by the names that an account has for them: its own, and those that
 * others share with it as `Other Users/OWNER/...` (RFC 2342, RFC 4314).
 */
import { StorageError } from "#src/errors/errors.ts";
import type { AccountId, MailboxId, MailboxInfo } from "#src/imap/backend.ts";
import type { AclEntry } from "#src/imap/powers.ts";
import { effectiveRights, hasRights, requireRights } from "#src/imap/rights.ts";
import type { Row, Sql } from "../driver.ts";
import { number, text } from "../row.ts";
import { INFO_COLUMNS, toInfo } from "./mailbox_info.ts";
import { sharedName, splitSharedName } from "./mailbox_names.ts";

/** The part of `Sql` that is needed; the writer's context fits as well. */
export type Asking = Pick<Sql, "one" | "all">;

/** Where a name leads. */
export interface NamePlace {
  readonly owner: AccountId;
  /** As the owner calls it. */
  readonly name: string;
  /** It is another's. */
  readonly isShared: boolean;
}

/** A mailbox that is there, and what one may do with it. */
export interface FoundMailbox extends NamePlace {
  /** `INFO_COLUMNS`. */
  readonly row: Row;
  /** `undefined`: one's own. */
  readonly rights: string | undefined;
}

/** Entries of a list that say something about an account. */
const CONCERNING =
  "c.identifier IN (me.name, '-' || me.name, 'anyone', '-anyone')";

/** `INFO_COLUMNS` of the table `m`. */
const SHARED_COLUMNS = INFO_COLUMNS.split(", ").map((name) => `m.${name}`)
  .join(", ");

/**
 * Whose a normalised name is; the mailbox need not exist. `undefined`: the name
 * leads to no account, or to `Other Users` itself.
 */
export async function placeOf(
  sql: Asking,
  account: AccountId,
  name: string,
): Promise<NamePlace | undefined> {
  const shared = splitSharedName(name);
  if (shared === undefined) return { owner: account, name, isShared: false };
  if (shared.owner === undefined || shared.name === undefined) return undefined;
  const row = await sql.one("SELECT id FROM accounts WHERE name = ?", [
    shared.owner,
  ]);
  if (row === undefined) return undefined;
  const owner = number(row, "id");
  // One's own mailboxes have one name.
  if (owner === account) return undefined;
  return { owner, name: shared.name, isShared: true };
}

/**
 * The mailbox of a normalised name; `undefined` where there is none, or where
 * the account has no right at all.
 */
export async function findMailbox(
  sql: Asking,
  account: AccountId,
  name: string,
): Promise<FoundMailbox | undefined> {
  const place = await placeOf(sql, account, name);
  if (place === undefined) return undefined;
  const row = await sql.one(
    `SELECT ${INFO_COLUMNS} FROM mailboxes WHERE account = ? AND name = ?`,
    [place.owner, place.name],
  );
  if (row === undefined) return undefined;
  if (!place.isShared) return { ...place, row, rights: undefined };
  const rights = await rightsIn(sql, account, number(row, "id"));
  return rights === "" ? undefined : { ...place, row, rights };
}

/** As `findMailbox`; throws where it is not there, or a right is missing. */
export async function requireMailbox(
  sql: Asking,
  account: AccountId,
  name: string,
  needed: string,
): Promise<FoundMailbox> {
  const found = await findMailbox(sql, account, name);
  if (found === undefined) throw noMailbox();
  requireRights(found.rights, needed);
  return found;
}

/** There is none, as far as the account is told. */
export function noMailbox(): StorageError {
  return new StorageError("notFound", "No mailbox of that name");
}

/** Rights of an account in another's mailbox. */
export async function rightsIn(
  sql: Asking,
  account: AccountId,
  mailbox: MailboxId,
): Promise<string> {
  const rows = await sql.all(
    "SELECT me.name AS me, c.identifier, c.rights FROM accounts me " +
      `JOIN acl c ON ${CONCERNING} WHERE me.id = ? AND c.mailbox = ?`,
    [account, mailbox],
  );
  return rightsFrom(rows);
}

/** What others let the account see: those with the right `l`. */
export async function sharedMailboxes(
  sql: Asking,
  account: AccountId,
  isSubscribed: (name: string) => boolean,
): Promise<readonly MailboxInfo[]> {
  const rows = await sql.all(
    `SELECT ${SHARED_COLUMNS}, o.name AS owner, me.name AS me, ` +
      "c.identifier, c.rights FROM accounts me " +
      `JOIN acl c ON ${CONCERNING} JOIN mailboxes m ON m.id = c.mailbox ` +
      "JOIN accounts o ON o.id = m.account " +
      "WHERE me.id = ? AND o.id <> me.id",
    [account],
  );
  const infos: MailboxInfo[] = [];
  for (const group of Map.groupBy(rows, (row) => number(row, "id")).values()) {
    const [row] = group;
    const rights = rightsFrom(group);
    if (row === undefined || !rights.includes("l")) continue;
    const name = sharedName(text(row, "owner"), text(row, "name"));
    infos.push(sharedInfo(row, { name, rights }, isSubscribed(name)));
  }
  return infos;
}

/** Another's mailbox as `MailboxInfo`. */
export function sharedInfo(
  row: Row,
  { name, rights }: { readonly name: string; readonly rights: string },
  subscribed: boolean,
): MailboxInfo {
  const info = toInfo(row, subscribed);
  return {
    ...info,
    name,
    // A use is the owner's: their \Sent is not where I keep what I send.
    specialUse: undefined,
    status: hasRights(rights, "r") ? info.status : undefined,
    rights,
  };
}

function rightsFrom(rows: readonly Row[]): string {
  const [first] = rows;
  if (first === undefined) return "";
  const entries = rows.map((row): AclEntry => ({
    identifier: text(row, "identifier"),
    rights: text(row, "rights"),
  }));
  return effectiveRights(entries, text(first, "me"));
}

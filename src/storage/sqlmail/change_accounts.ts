/** Operations on accounts and their addresses. */
import { StorageError } from "#src/errors/errors.ts";
import type { SpecialUse } from "#src/imap/backend.ts";
import { number } from "../row.ts";
import {
  insertMailbox,
  removeMailbox,
  setSubscribed,
} from "./change_mailboxes.ts";
import type { PasswordRecord } from "./passwords.ts";
import type { WriteContext } from "./write_context.ts";

/** What a new account gets. RFC 6154 section 2. */
const FIRST_MAILBOXES: readonly (readonly [string, SpecialUse | undefined])[] =
  [
    ["INBOX", undefined],
    ["Sent", "\\Sent"],
    ["Drafts", "\\Drafts"],
    ["Junk", "\\Junk"],
    ["Trash", "\\Trash"],
    ["Archive", "\\Archive"],
  ];

const SUBSCRIBED = true;

/** Makes an account; the name is normalised. `exists`. */
export async function addAccount(
  context: WriteContext,
  name: string,
  record: PasswordRecord,
): Promise<void> {
  if (await findAccount(context, name) !== undefined) {
    throw new StorageError("exists", `The account ${name} is there already`);
  }
  await checkFree(context, name);
  const { scram } = record;
  const row = await context.returning(
    "INSERT INTO accounts (name, state, password, scram_salt, " +
      "scram_iterations, scram_stored_key, scram_server_key, created_at) " +
      "VALUES (?, 'active', ?, ?, ?, ?, ?, ?) RETURNING id",
    [
      name,
      record.scrypt,
      scram.salt,
      scram.iterations,
      scram.storedKey,
      scram.serverKey,
      context.now,
    ],
  );
  if (row === undefined) throw new StorageError("corrupt", "No new account");
  const id = number(row, "id");
  await context.run("INSERT INTO addresses (address, account) VALUES (?, ?)", [
    name,
    id,
  ]);
  await context.run(
    "INSERT INTO usage (account, size_bytes, messages) VALUES (?, 0, 0)",
    [id],
  );
  for (const [mailbox, specialUse] of FIRST_MAILBOXES) {
    await insertMailbox(context, id, mailbox, specialUse);
    await setSubscribed(context, id, mailbox, SUBSCRIBED);
  }
}

/** Gives an account another password. `notFound`. */
export async function changePassword(
  context: WriteContext,
  name: string,
  { scrypt, scram }: PasswordRecord,
): Promise<void> {
  const id = await requireAccount(context, name);
  await context.run(
    "UPDATE accounts SET password = ?, scram_salt = ?, scram_iterations = ?, " +
      "scram_stored_key = ?, scram_server_key = ? WHERE id = ?",
    [
      scrypt,
      scram.salt,
      scram.iterations,
      scram.storedKey,
      scram.serverKey,
      id,
    ],
  );
}

/** Lets an account in or keeps it out. `notFound`. */
export async function setAccountState(
  context: WriteContext,
  name: string,
  state: "active" | "disabled",
): Promise<void> {
  const id = await requireAccount(context, name);
  await context.run("UPDATE accounts SET state = ? WHERE id = ?", [state, id]);
}

/** Columns of limits that are to be changed; `null`: the default. */
export type QuotaChange = Partial<
  Readonly<Record<"quota_bytes" | "quota_messages", number | null>>
>;

/** Gives an account other limits. `notFound`. */
export async function setQuota(
  context: WriteContext,
  name: string,
  change: QuotaChange,
): Promise<void> {
  const id = await requireAccount(context, name);
  if (change.quota_bytes !== undefined) {
    await context.run("UPDATE accounts SET quota_bytes = ? WHERE id = ?", [
      change.quota_bytes,
      id,
    ]);
  }
  if (change.quota_messages !== undefined) {
    await context.run("UPDATE accounts SET quota_messages = ? WHERE id = ?", [
      change.quota_messages,
      id,
    ]);
  }
  await context.forgetUsage(id);
}

/** Removes an account with all of its mail. `notFound`. */
export async function removeAccount(
  context: WriteContext,
  name: string,
): Promise<void> {
  const id = await requireAccount(context, name);
  const mailboxes = await context.all(
    "SELECT id FROM mailboxes WHERE account = ?",
    [id],
  );
  for (const row of mailboxes) {
    await removeMailbox(context, id, number(row, "id"));
  }
  // Named one by one: a driver need not enforce foreign keys.
  await context.run("DELETE FROM subscriptions WHERE account = ?", [id]);
  // Somebody who gets the name later gets neither the rights nor the notes.
  await context.run("DELETE FROM acl WHERE identifier IN (?, ?)", [
    name,
    `-${name}`,
  ]);
  await context.run("DELETE FROM metadata WHERE account = ? OR reader = ?", [
    id,
    id,
  ]);
  await context.forgetUsage(id);
  await context.run("DELETE FROM usage WHERE account = ?", [id]);
  await context.run("DELETE FROM addresses WHERE account = ?", [id]);
  await context.run("DELETE FROM accounts WHERE id = ?", [id]);
  context.listChanged(id);
}

/** Gives an account one more address. `notFound`, `exists`. */
export async function addAlias(
  context: WriteContext,
  name: string,
  address: string,
): Promise<void> {
  const id = await requireAccount(context, name);
  await checkFree(context, address);
  await context.run("INSERT INTO addresses (address, account) VALUES (?, ?)", [
    address,
    id,
  ]);
}

/** Takes an address away; not the one that is the name. */
export async function removeAlias(
  context: WriteContext,
  address: string,
): Promise<void> {
  const own = await findAccount(context, address);
  if (own !== undefined) {
    throw new StorageError("notAllowed", `${address} is an account`);
  }
  const count = await context.run("DELETE FROM addresses WHERE address = ?", [
    address,
  ]);
  if (count === 0) throw new StorageError("notFound", `No alias ${address}`);
}

async function checkFree(
  context: WriteContext,
  address: string,
): Promise<void> {
  const row = await context.one(
    "SELECT 1 AS yes FROM addresses WHERE address = ?",
    [address],
  );
  if (row !== undefined) {
    throw new StorageError("exists", `${address} is taken`);
  }
}

async function findAccount(
  context: WriteContext,
  name: string,
): Promise<number | undefined> {
  const row = await context.one("SELECT id FROM accounts WHERE name = ?", [
    name,
  ]);
  return row === undefined ? undefined : number(row, "id");
}

async function requireAccount(
  context: WriteContext,
  name: string,
): Promise<number> {
  const id = await findAccount(context, name);
  if (id === undefined) {
    throw new StorageError("notFound", `No account ${name}`);
  }
  return id;
}

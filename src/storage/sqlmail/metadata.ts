/**
 * Power `metadata` of `sqlmail`: annotations of mailboxes and of the server.
 * RFC 5464. They hang on the mailbox, not on its name.
 */
import { StorageError } from "#src/errors/errors.ts";
import {
  type AccountId,
  type AnnotationChange,
  SPECIAL_USES,
} from "#src/imap/backend.ts";
import {
  MAX_METADATA_ACCOUNT_BYTES,
  MAX_METADATA_BYTES,
  MAX_METADATA_ENTRIES,
  MAX_METADATA_NAME,
} from "#src/imap/metadata_limits.ts";
import type { MetadataEntry, MetadataPower } from "#src/imap/powers.ts";
import { hasRights, lackingRights, mayAnnotate } from "#src/imap/rights.ts";
import type { Row, StorageDriver } from "../driver.ts";
import { bytes, number, optionalText, text } from "../row.ts";
import { giveUse, SPECIAL_USE_ENTRY } from "./change_mailboxes.ts";
import { type Asking, findMailbox, noMailbox } from "./find_mailbox.ts";
import { mailboxName } from "./mailbox_names.ts";
import type { WriteContext } from "./write_context.ts";
import type { Operation } from "./writer.ts";

/** Of the server, and read by everybody. */
const NOBODY = 0;

const PRIVATE = "/private/";

/** What the power works on. */
export interface MetadataOptions {
  readonly driver: StorageDriver;
  /** Rejects where this worker only reads. */
  write<T>(operation: Operation<T>): Promise<T>;
}

type Request<M extends keyof MetadataPower> = Parameters<MetadataPower[M]>[0];

/** Where annotations hang. */
interface Place {
  readonly mailbox: number;
  /** At whose cost shared ones are; 0: the server's. */
  readonly owner: AccountId;
  /** `undefined`: one's own mailbox. */
  readonly rights: string | undefined;
  readonly specialUse: string | undefined;
}

/** Reads and writes annotations. */
export class Metadata implements MetadataPower {
  readonly #options: MetadataOptions;

  constructor(options: MetadataOptions) {
    this.#options = options;
  }

  get(
    { account, mailbox, names, depth }: Request<"get">,
  ): Promise<readonly MetadataEntry[]> {
    return this.#options.driver.read(async (sql) => {
      const place = await placeOf(sql, account, mailbox);
      const found = new Map<string, Uint8Array>();
      const use = place.specialUse;
      if (use !== undefined && names.some((name) => covers(name, depth))) {
        found.set(SPECIAL_USE_ENTRY, new TextEncoder().encode(use));
      }
      for (const name of names) {
        // `/private` itself has only others below it.
        const reader = readerOf(`${name}/`, account);
        const rows = await sql.all(
          "SELECT name, value FROM metadata WHERE mailbox = ? AND reader = ? " +
            (depth === 0
              ? "AND name = ?"
              : "AND (name = ? OR substr(name, 1, ?) = ?)"),
          depth === 0
            ? [place.mailbox, reader, name]
            : [place.mailbox, reader, name, name.length + 1, `${name}/`],
        );
        for (const row of rows) {
          const below = text(row, "name").slice(name.length + 1);
          if (depth === 1 && below.includes("/")) continue;
          found.set(text(row, "name"), bytes(row, "value"));
        }
      }
      return [...found].map(([name, value]) => ({ name, value }));
    });
  }

  set(request: Request<"set">): Promise<void> {
    return this.#options.write((context) => setEntries(context, request));
  }
}

async function setEntries(
  context: WriteContext,
  { account, mailbox, entries, isAdministrator, by }: Request<"set">,
): Promise<void> {
  const place = await placeOf(context, account, mailbox);
  const readers = new Set<number>();
  const payers = new Set<AccountId>();
  const changes: AnnotationChange[] = [];
  for (const { name, value } of entries) {
    if (name === SPECIAL_USE_ENTRY && place.mailbox !== NOBODY) {
      await setSpecialUse(context, place, value);
      changes.push({ name, reader: account });
      continue;
    }
    const isShared = !name.startsWith(PRIVATE);
    if (isShared) checkShared(place, isAdministrator);
    checkEntry(name, value);
    const reader = readerOf(name, account);
    const change = { name, reader: isShared ? undefined : account };
    if (value === undefined) {
      const removed = await context.run(
        "DELETE FROM metadata WHERE mailbox = ? AND reader = ? AND name = ?",
        [place.mailbox, reader, name],
      );
      if (removed > 0) changes.push(change);
      continue;
    }
    changes.push(change);
    const payer = isShared ? place.owner : account;
    await context.run(
      "INSERT INTO metadata (mailbox, reader, name, account, value) " +
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (mailbox, reader, name) " +
        "DO UPDATE SET value = excluded.value, account = excluded.account",
      [place.mailbox, reader, name, payer, value],
    );
    readers.add(reader);
    payers.add(payer);
  }
  for (const reader of readers) {
    const row = await context.one(
      "SELECT COUNT(*) AS n FROM metadata WHERE mailbox = ? AND reader = ?",
      [place.mailbox, reader],
    );
    checkSum(row, MAX_METADATA_ENTRIES);
  }
  for (const payer of payers) {
    const row = await context.one(
      "SELECT SUM(length(value)) AS n FROM metadata WHERE account = ?",
      [payer],
    );
    checkSum(row, MAX_METADATA_ACCOUNT_BYTES);
  }
  const isServer = place.mailbox === NOBODY;
  context.annotationsChanged({
    account: isServer ? account : place.owner,
    mailbox: isServer ? undefined : place.mailbox,
    modSeq: 0,
    annotations: { changes, by },
  });
}

/** RFC 5464 section 3.3: the right `l` and one that is about messages. */
async function placeOf(
  sql: Asking,
  account: AccountId,
  mailbox: string | undefined,
): Promise<Place> {
  if (mailbox === undefined) {
    return {
      mailbox: NOBODY,
      owner: NOBODY,
      rights: undefined,
      specialUse: undefined,
    };
  }
  const found = await findMailbox(sql, account, mailboxName(mailbox));
  if (found === undefined) throw noMailbox();
  const { rights, owner, row } = found;
  if (rights !== undefined && !mayAnnotate(rights)) throw lackingRights(rights);
  return {
    mailbox: number(row, "id"),
    owner,
    rights,
    specialUse: rights === undefined
      ? optionalText(row, "special_use")
      : undefined,
  };
}

/** Whether a question is also about the use. */
function covers(name: string, depth: 0 | 1 | "infinity"): boolean {
  return name === SPECIAL_USE_ENTRY ||
    (depth !== 0 && SPECIAL_USE_ENTRY.startsWith(`${name}/`));
}

/** RFC 6154 section 4: one use a mailbox, one mailbox a use. */
async function setSpecialUse(
  context: WriteContext,
  { mailbox, owner, rights }: Place,
  value: Uint8Array | undefined,
): Promise<void> {
  const text = value === undefined ? "" : new TextDecoder().decode(value);
  const use = SPECIAL_USES.find((known) =>
    known.toLowerCase() === text.toLowerCase()
  );
  if (text !== "" && use === undefined) {
    throw new StorageError("use", "Not a use that a mailbox can have");
  }
  // A use is the owner's.
  if (rights !== undefined) {
    throw new StorageError("noPermission", "The mailbox is another's");
  }
  await giveUse(context, owner, mailbox, use);
}

/** What others read needs more than reading. */
function checkShared(place: Place, isAdministrator: boolean): void {
  const isAllowed = place.mailbox === NOBODY
    ? isAdministrator
    : hasRights(place.rights, "w");
  if (isAllowed) return;
  throw new StorageError("noPermission", "Others see that annotation");
}

function checkEntry(name: string, value: Uint8Array | undefined): void {
  const isName = /^\/(?:private|shared)(?:\/[^/*%]+)+$/.test(name) &&
    name.length <= MAX_METADATA_NAME;
  if (!isName) throw new StorageError("invalid", "Not a name of an entry");
  if (value === undefined || value.length <= MAX_METADATA_BYTES) return;
  throw new StorageError("limit", "The value is too long");
}

function checkSum(row: Row | undefined, limit: number): void {
  if (row === undefined || number(row, "n") <= limit) return;
  throw new StorageError("limit", "There are too many annotations");
}

function readerOf(name: string, account: AccountId): number {
  return name.startsWith(PRIVATE) ? account : NOBODY;
}

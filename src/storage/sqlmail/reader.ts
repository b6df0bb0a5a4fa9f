/**
 * The reading methods of `StorageBackend`, on consistent reads. Served by the
 * writer's worker and by every reader alike; nothing is kept between calls.
 */
import { StorageError } from "#src/errors/errors.ts";
import type {
  AccountId,
  ByteRange,
  FetchColumns,
  FetchedMessage,
  MailboxChanges,
  MailboxId,
  MailboxInfo,
  MailboxSnapshot,
  MailboxStatus,
  READING_METHODS,
  StorageBackend,
  Uid,
} from "#src/imap/backend.ts";
import type { OrderPower } from "#src/imap/powers.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import type { Row, Sql, SqlValue } from "../driver.ts";
import { asNumber, number, text } from "../row.ts";
import type { Addresses } from "./addresses.ts";
import { fetchMessages } from "./fetch_messages.ts";
import {
  findMailbox,
  noMailbox,
  sharedInfo,
  sharedMailboxes,
} from "./find_mailbox.ts";
import { INFO_COLUMNS, toInfo } from "./mailbox_info.ts";
import { mailboxName, parentsOf } from "./mailbox_names.ts";
import { readKeywords, STATUS_COLUMNS, statusOf } from "./mailbox_state.ts";
import { openMessage } from "./open_message.ts";
import { OrderMessages } from "./order_messages.ts";
import { searchMailbox, type SearchSource } from "./search_mailbox.ts";

/** What a reader is made of. */
export interface ReaderOptions extends SearchSource {
  readonly addresses: Addresses;
  readonly appendLimit: number;
}

/** Answers what does not change anything. */
export class Reader
  implements Pick<StorageBackend, typeof READING_METHODS[number]> {
  /** SORT and THREAD. */
  readonly order: OrderPower;
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.order = new OrderMessages(options);
  }

  async openAccount(name: string): Promise<AccountId> {
    const { addresses, driver } = this.#options;
    const row = await driver.read(async (sql) =>
      await sql.one("SELECT id FROM accounts WHERE name = ?", [
        addresses.accountName(name),
      ])
    );
    if (row === undefined) {
      throw new StorageError("notFound", `No account ${name}`);
    }
    return number(row, "id");
  }

  async listMailboxes(account: AccountId): Promise<readonly MailboxInfo[]> {
    return await this.#options.driver.read(async (sql) => {
      const subscriptions = await sql.all(
        "SELECT name FROM subscriptions WHERE account = ?",
        [account],
      );
      const subscribed = new Set(subscriptions.map((row) => text(row, "name")));
      const isSubscribed = (name: string): boolean => subscribed.has(name);
      const rows = await sql.all(
        `SELECT ${INFO_COLUMNS} FROM mailboxes WHERE account = ?`,
        [account],
      );
      const list = [
        ...rows.map((row) => toInfo(row, isSubscribed(text(row, "name")))),
        ...await sharedMailboxes(sql, account, isSubscribed),
      ];
      return [...list, ...absentNames(list, subscribed)];
    });
  }

  async findMailbox(account: AccountId, name: string): Promise<MailboxInfo> {
    const wanted = mailboxName(name);
    return await this.#options.driver.read(async (sql) => {
      const found = await findMailbox(sql, account, wanted);
      if (found === undefined) throw noMailbox();
      const { row, rights } = found;
      const subscribed = await sql.one(
        "SELECT 1 AS yes FROM subscriptions WHERE account = ? AND name = ?",
        [account, wanted],
      ) !== undefined;
      return rights === undefined
        ? toInfo(row, subscribed)
        : sharedInfo(row, { name: wanted, rights }, subscribed);
    });
  }

  async snapshot(mailbox: MailboxId): Promise<MailboxSnapshot> {
    return await this.#options.driver.read(async (sql) => {
      const row = await statusRow(sql, mailbox);
      if (row === undefined) throw gone();
      return {
        status: statusOf(row),
        keywords: await readKeywords(sql, mailbox),
        ...columnsOf(
          await sql.tuples(
            "SELECT uid, modseq, flags FROM messages WHERE mailbox = ? " +
              "ORDER BY uid",
            [mailbox],
          ),
        ),
      };
    });
  }

  async changes(mailbox: MailboxId, since: number): Promise<MailboxChanges> {
    return await this.#options.driver.read(async (sql) => {
      const row = await statusRow(sql, mailbox);
      if (row === undefined) return { ...noChanges(EMPTY, []), deleted: true };
      const status = statusOf(row);
      if (status.highestModSeq <= since) {
        return noChanges(status, await readKeywords(sql, mailbox));
      }
      const expunged = await sql.tuples(
        "SELECT uid FROM expunged WHERE mailbox = ? AND modseq > ? " +
          "ORDER BY uid",
        [mailbox, since],
      );
      return {
        status,
        keywords: await readKeywords(sql, mailbox),
        ...columnsOf(
          await sql.tuples(
            "SELECT uid, modseq, flags FROM messages " +
              "WHERE mailbox = ? AND modseq > ? ORDER BY uid",
            [mailbox, since],
          ),
        ),
        expunged: Uint32Array.from(expunged, ([uid]) => asNumber(uid, "uid")),
        deleted: false,
      };
    });
  }

  fetch(
    mailbox: MailboxId,
    uids: Uint32Array,
    columns: FetchColumns,
  ): AsyncIterable<readonly FetchedMessage[]> {
    return fetchMessages(this.#options, mailbox, uids, columns);
  }

  open(
    mailbox: MailboxId,
    uid: Uid,
    range: ByteRange,
  ): Promise<ReadableStream<Uint8Array>> {
    return openMessage(this.#options, mailbox, uid, range);
  }

  search(
    mailbox: MailboxId,
    key: SearchKey,
    signal?: AbortSignal,
  ): Promise<Uint32Array> {
    return searchMailbox(this.#options, mailbox, key, signal);
  }

  appendLimit(_account: AccountId): Promise<number> {
    return Promise.resolve(this.#options.appendLimit);
  }
}

function gone(): StorageError {
  return new StorageError("notFound", "The mailbox is gone");
}

/** What there is to say of a mailbox where nothing is left to tell. */
function noChanges(
  status: MailboxStatus,
  keywords: readonly string[],
): MailboxChanges {
  return {
    status,
    keywords,
    uids: new Uint32Array(),
    modSeqs: new Float64Array(),
    flags: new Float64Array(),
    expunged: new Uint32Array(),
    deleted: false,
  };
}

/** Status of a mailbox that was deleted. */
const EMPTY: MailboxStatus = {
  messages: 0,
  unseen: 0,
  deleted: 0,
  sizeBytes: 0,
  deletedBytes: 0,
  uidNext: 1,
  uidValidity: 1,
  highestModSeq: 1,
  firstRecentUid: 1,
};

async function statusRow(
  sql: Sql,
  mailbox: MailboxId,
): Promise<Row | undefined> {
  return await sql.one(
    `SELECT ${STATUS_COLUMNS} FROM mailboxes WHERE id = ?`,
    [mailbox],
  );
}

/** Rows of uid, modseq, flags as three arrays. */
function columnsOf(
  tuples: readonly (readonly SqlValue[])[],
): Pick<MailboxSnapshot, "uids" | "modSeqs" | "flags"> {
  const uids = new Uint32Array(tuples.length);
  const modSeqs = new Float64Array(tuples.length);
  const flags = new Float64Array(tuples.length);
  for (const [n, tuple] of tuples.entries()) {
    uids[n] = asNumber(tuple[0], "uid");
    modSeqs[n] = asNumber(tuple[1], "modseq");
    flags[n] = asNumber(tuple[2], "flags");
  }
  return { uids, modSeqs, flags };
}

/** Names without a mailbox: subscribed, or above one that is there. */
function absentNames(
  list: readonly MailboxInfo[],
  subscribed: ReadonlySet<string>,
): readonly MailboxInfo[] {
  const present = new Set(list.map(({ name }) => name));
  const absent = new Set<string>();
  for (const name of subscribed) if (!present.has(name)) absent.add(name);
  for (const { name } of list) {
    for (const parent of parentsOf(name)) {
      if (!present.has(parent)) absent.add(parent);
    }
  }
  return [...absent].map((name) => ({
    id: undefined,
    name,
    specialUse: undefined,
    subscribed: subscribed.has(name),
    status: undefined,
    objectId: "",
  }));
}

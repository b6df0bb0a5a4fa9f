/** What an operation of the writer works with. */
import { StorageError } from "#src/errors/errors.ts";
import {
  type AccountId,
  type ChangeHint,
  type MailboxId,
  MAX_KEYWORDS,
} from "#src/imap/backend.ts";
import type { Maybe, Row, SqlValue, WriteSql } from "../driver.ts";
import { number, optionalText, text } from "../row.ts";
import {
  type AccountUsage,
  type QuotaLimits,
  readUsage,
  writeUsage,
} from "./account_usage.ts";
import { type MailboxState, readState, writeState } from "./mailbox_state.ts";

/** Mailboxes and accounts of which the writer remembers something. */
const MAX_REMEMBERED = 20_000;

/** Longest keyword, in UTF-16 units. */
const MAX_KEYWORD_LENGTH = 128;

/** Where mail for an account goes. */
export interface DeliveryTargets {
  readonly inbox: MailboxId;
  /** The mailbox with special use \Junk, else INBOX. */
  readonly junk: MailboxId;
}

/**
 * The database as operations change it. Counters of mailboxes are kept in
 * memory between batches and written once a batch; all the rest is SQL.
 */
export class WriteContext {
  readonly #now: () => number;
  readonly #defaultQuota: QuotaLimits;
  readonly #states = new Map<MailboxId, MailboxState>();
  /** Held by the states too: forgotten with them, never alone. */
  readonly #usages = new Map<AccountId, AccountUsage>();
  readonly #targets = new Map<AccountId, DeliveryTargets>();
  readonly #dirty = new Set<MailboxState>();
  readonly #dirtyUsages = new Set<AccountUsage>();
  readonly #changed = new Map<MailboxId, ChangeHint>();
  readonly #lists = new Set<AccountId>();
  readonly #annotated: ChangeHint[] = [];
  #sql: WriteSql | undefined;
  #writes = 0;

  constructor(now: () => number, defaultQuota: QuotaLimits) {
    this.#now = now;
    this.#defaultQuota = defaultQuota;
  }

  /** Milliseconds since 1970. */
  get now(): number {
    return this.#now();
  }

  /** Counts what was changed, in memory or in the database. */
  get writes(): number {
    return this.#writes;
  }

  /** Only for the writer: a transaction begins. */
  begin(sql: WriteSql): void {
    this.#sql = sql;
    this.#forgetHints();
  }

  /** Only for the writer: nothing that is remembered can be trusted. */
  forget(): void {
    this.undo();
    this.#forgetHints();
  }

  /** Only for the writer: an operation was rolled back. */
  undo(): void {
    this.#states.clear();
    this.#usages.clear();
    this.#targets.clear();
    this.#dirty.clear();
    this.#dirtyUsages.clear();
  }

  /** Only for the writer: writes the counters back. */
  async flush(): Promise<void> {
    for (const state of this.#dirty) await writeState(this.#open(), state);
    for (const usage of this.#dirtyUsages) {
      await writeUsage(this.#open(), usage);
    }
    this.#dirty.clear();
    this.#dirtyUsages.clear();
    if (
      this.#states.size > MAX_REMEMBERED || this.#usages.size > MAX_REMEMBERED
    ) {
      this.#states.clear();
      this.#usages.clear();
    }
    if (this.#targets.size > MAX_REMEMBERED) this.#targets.clear();
  }

  /** Only for the writer: what the committed batch changed. */
  takeHints(): readonly ChangeHint[] {
    const hints = [...this.#changed.values()];
    for (const account of this.#lists) {
      hints.push({ account, mailbox: undefined, modSeq: 0 });
    }
    // Behind the lists: a mailbox is known before what it is annotated with.
    hints.push(...this.#annotated);
    return hints;
  }

  /** Runs a statement that changes something; how many rows it changed. */
  run(sql: string, params?: readonly SqlValue[]): Maybe<number> {
    this.#writes++;
    return this.#open().run(sql, params);
  }

  /** A changing statement with RETURNING; its first row. */
  returning(sql: string, params?: readonly SqlValue[]): Maybe<Row | undefined> {
    this.#writes++;
    return this.#open().one(sql, params);
  }

  one(sql: string, params?: readonly SqlValue[]): Maybe<Row | undefined> {
    return this.#open().one(sql, params);
  }

  all(sql: string, params?: readonly SqlValue[]): Maybe<readonly Row[]> {
    return this.#open().all(sql, params);
  }

  tuples(
    sql: string,
    params?: readonly SqlValue[],
  ): Maybe<readonly (readonly SqlValue[])[]> {
    return this.#open().tuples(sql, params);
  }

  /** A mailbox, for reading; throws `notFound`. */
  async mailbox(id: MailboxId): Promise<Readonly<MailboxState>> {
    return this.#states.get(id) ?? await this.#load(id);
  }

  /**
   * A mailbox, to be changed. Its mod-sequence is the next one: for this
   * change and for all messages that are part of it.
   */
  async change(id: MailboxId): Promise<MailboxState> {
    const state = this.#states.get(id) ?? await this.#load(id);
    this.#writes++;
    state.highestModSeq++;
    this.#dirty.add(state);
    this.#dirtyUsages.add(state.usage);
    this.#changed.set(id, {
      account: state.account,
      mailbox: id,
      modSeq: state.highestModSeq,
    });
    return state;
  }

  /** As `change` for what is no change of a message: \Recent, keywords. */
  async touch(id: MailboxId): Promise<MailboxState> {
    const state = this.#states.get(id) ?? await this.#load(id);
    this.#writes++;
    this.#dirty.add(state);
    this.#dirtyUsages.add(state.usage);
    return state;
  }

  /** A mailbox was removed by SQL, with all that it had. */
  async gone(id: MailboxId): Promise<void> {
    const state = await this.touch(id);
    state.usage.sizeBytes -= state.sizeBytes;
    state.usage.messages -= state.messages;
    this.#dirty.delete(state);
    this.#states.delete(id);
  }

  /** What an account uses; throws `notFound`. */
  async usage(account: AccountId): Promise<Readonly<AccountUsage>> {
    return this.#usages.get(account) ?? await this.#loadUsage(account);
  }

  /** The limits of an account, or the account, were changed by SQL. */
  async forgetUsage(account: AccountId): Promise<void> {
    await this.flush();
    this.#usages.delete(account);
    for (const [id, state] of this.#states) {
      if (state.account === account) this.#states.delete(id);
    }
  }

  /** Tells watchers that a mailbox is no more. */
  sayGone(account: AccountId, mailbox: MailboxId, modSeq: number): void {
    this.#changed.set(mailbox, { account, mailbox, modSeq });
  }

  /** The list of mailboxes of an account was changed. */
  listChanged(account: AccountId): void {
    this.#writes++;
    this.#targets.delete(account);
    this.#lists.add(account);
  }

  /**
   * Annotations were changed. Unlike other hints this one is believed: to be
   * called when nothing can fail any more.
   */
  annotationsChanged(hint: ChangeHint): void {
    if (hint.annotations?.changes.length !== 0) this.#annotated.push(hint);
  }

  /** INBOX and \Junk of an account; `undefined` where it is gone. */
  async targets(account: AccountId): Promise<DeliveryTargets | undefined> {
    const known = this.#targets.get(account);
    if (known !== undefined) return known;
    const rows = await this.all(
      "SELECT id, name, special_use FROM mailboxes WHERE account = ? " +
        "AND (name = 'INBOX' OR special_use = '\\Junk')",
      [account],
    );
    const inbox = rows.find((row) => text(row, "name") === "INBOX");
    if (inbox === undefined) return undefined;
    const junk = rows.find((row) =>
      optionalText(row, "special_use") === "\\Junk"
    );
    const targets = {
      inbox: number(inbox, "id"),
      junk: number(junk ?? inbox, "id"),
    };
    this.#targets.set(account, targets);
    return targets;
  }

  /** Gives bits to keywords that the mailbox does not have; `limit`. */
  async addKeywords(id: MailboxId, flags: readonly string[]): Promise<void> {
    const { keywords } = await this.mailbox(id);
    const known = new Set(keywords.map((name) => name.toLowerCase()));
    const added: string[] = [];
    for (const flag of flags) {
      if (flag.startsWith("\\") || known.has(flag.toLowerCase())) continue;
      if (flag === "" || flag.length > MAX_KEYWORD_LENGTH) {
        throw new StorageError("invalid", "Keyword is too long or empty");
      }
      known.add(flag.toLowerCase());
      added.push(flag);
    }
    if (added.length === 0) return;
    if (known.size > MAX_KEYWORDS) {
      throw new StorageError(
        "limit",
        `A mailbox has at most ${MAX_KEYWORDS} keywords`,
      );
    }
    const state = await this.touch(id);
    for (const [n, name] of added.entries()) {
      await this.run(
        "INSERT INTO keywords (mailbox, number, name) VALUES (?, ?, ?)",
        [id, keywords.length + n, name],
      );
    }
    state.keywords = [...keywords, ...added];
  }

  #forgetHints(): void {
    this.#changed.clear();
    this.#lists.clear();
    this.#annotated.length = 0;
  }

  #open(): WriteSql {
    if (this.#sql === undefined) throw new TypeError("No transaction is open");
    return this.#sql;
  }

  async #load(id: MailboxId): Promise<MailboxState> {
    const state = await readState(
      this.#open(),
      id,
      async (account) =>
        this.#usages.get(account) ?? await this.#loadUsage(account),
    );
    if (state === undefined) {
      throw new StorageError("notFound", "The mailbox is gone");
    }
    this.#states.set(id, state);
    return state;
  }

  async #loadUsage(account: AccountId): Promise<AccountUsage> {
    const usage = await readUsage(
      this.#open(),
      account,
      this.#defaultQuota,
    );
    if (usage === undefined) {
      throw new StorageError("notFound", "The account is gone");
    }
    this.#usages.set(account, usage);
    return usage;
  }
}

/**
 * The queue on disk: its own SQLite database (WAL, synchronous=FULL) and a
 * folder for large bodies. A body is kept once for all recipients.
 *
 * Which recipients are being sent is known in memory only: after a crash all
 * of them are simply due again, so mail may be sent twice but is never lost.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { StorageError } from "#src/errors/errors.ts";
import { type Body, MemoryBody } from "#src/message/body.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";
import { dayOf } from "./account_day.ts";
import { BodyFiles } from "./body_files.ts";
import { GroupCommit } from "./group_commit.ts";
import {
  BOUNCE_LANE,
  type LastReply,
  type NewMessage,
  type QueuedMessage,
  type QueuedRecipient,
  type RecipientChange,
  type Route,
} from "./queued.ts";
import { migrate } from "./schema.ts";

/** Recipients of one message and lane that are due. */
export interface Due {
  readonly messageKey: number;
  readonly lane: string;
  readonly recipients: readonly QueuedRecipient[];
}

/** Days for which is kept how much an account sent: the running one, and some. */
const DAYS_COUNTED = 7;
/** Days after which a recipient to whom nothing was sent is new again. */
const DAYS_KNOWN = 365;

/** Rows as they come. */
type Row = Record<string, unknown>;

/** The lane of an address: its domain, or that of bounces. */
export function laneOf(address: string, route: Route): string {
  if (route === "bounce") return BOUNCE_LANE;
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}

/** The queue's database. One process opens it at a time. */
export class QueueStore {
  readonly #database: DatabaseSync;
  readonly #group: GroupCommit;
  readonly #files: BodyFiles;
  readonly #statements = new Map<string, StatementSync>();

  /**
   * Opens or makes the queue in `folder`, at the time `now`. Synchronous: at
   * start only.
   */
  constructor(folder: string, now: number) {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#files = new BodyFiles(`${folder}/bodies`);
    this.#files.prepare();
    this.#database = new DatabaseSync(`${folder}/queue.db`);
    try {
      // The exclusive lock keeps a second process out, and ends with ours.
      this.#database.exec(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;" +
          "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
      );
      migrate(this.#database);
    } catch (error) {
      this.#database.close();
      if (error instanceof StorageError) throw error;
      if (!/locked|busy/.test(String(error))) throw error;
      throw new StorageError("busy", "The queue is open in another process", {
        cause: error,
      });
    }
    this.#forget(dayOf(now));
    this.#group = new GroupCommit(this.#database);
    const named = this.#prepare("SELECT 1 FROM messages WHERE file = ?");
    this.#files.sweep((name) => named.get(name) !== undefined);
  }

  /** Writes what waits and closes. */
  close(): void {
    this.#group.flush();
    this.#statements.clear();
    this.#database.close();
  }

  /** Writes a large body into a synced file before its message is inserted. */
  writeFile(name: string, stream: ReadableStream<Uint8Array>): Promise<void> {
    return this.#files.write(name, stream);
  }

  /** Removes the file of a message that did not come. */
  removeFile(name: string): Promise<void> {
    return this.#files.remove(name);
  }

  /** Resolves when the message is on disk. */
  insert(message: NewMessage): Promise<void> {
    return this.#group.run(() => this.#insert(message));
  }

  /**
   * Notes what an attempt did and queues reports, in one transaction. A
   * message without recipients goes, and its file with it.
   */
  async finish(
    messageKey: number,
    changes: ReadonlyMap<number, RecipientChange>,
    reports: readonly NewMessage[],
  ): Promise<void> {
    const file = await this.#group.run(() => {
      for (const [key, change] of changes) this.#change(key, change);
      for (const report of reports) this.#insert(report);
      return this.#removeIfEmpty(messageKey);
    });
    if (file !== undefined) await this.#files.remove(file);
  }

  /** The message of that row. */
  load(messageKey: number): QueuedMessage | undefined {
    const row = this.#prepare("SELECT * FROM messages WHERE key = ?")
      .get(messageKey);
    return row === undefined ? undefined : this.#messageOf(row);
  }

  /**
   * The message of this lane that is due longest, with up to `limit` of its
   * due recipients, without those in `leased`.
   */
  due(
    lane: string,
    now: number,
    limit: number,
    leased: ReadonlySet<number>,
  ): Due | undefined {
    const firsts = this.#prepare(
      "SELECT key, message FROM recipients WHERE state = 'queued' AND lane = ?" +
        " AND next_at <= ? ORDER BY next_at, message",
    ).iterate(lane, now);
    let messageKey: number | undefined;
    for (const row of firsts) {
      if (leased.has(Number(row["key"]))) continue;
      messageKey = Number(row["message"]);
      break;
    }
    if (messageKey === undefined) return undefined;
    const rows = this.#prepare(
      "SELECT * FROM recipients WHERE message = ? AND state = 'queued'" +
        " AND lane = ? AND next_at <= ? ORDER BY key",
    ).iterate(messageKey, lane, now);
    const recipients: QueuedRecipient[] = [];
    for (const row of rows) {
      if (leased.has(Number(row["key"]))) continue;
      recipients.push(recipientOf(row));
      if (recipients.length >= limit) break;
    }
    return { messageKey, lane, recipients };
  }

  /** Lanes with recipients that became due in the time after `from`. */
  dueLanes(from: number, now: number): readonly string[] {
    return this.#prepare(
      "SELECT DISTINCT lane FROM recipients WHERE state = 'queued'" +
        " AND next_at > ? AND next_at <= ?",
    ).all(from, now).map((row) => String(row["lane"]));
  }

  /** When the next recipient becomes due after `now`. */
  nextDue(now: number): number | undefined {
    const row = this.#prepare(
      "SELECT min(next_at) AS at FROM recipients WHERE state = 'queued'" +
        " AND next_at > ?",
    ).get(now);
    const at = row?.["at"];
    return typeof at === "number" ? at : undefined;
  }

  /** Rows of the messages after `afterKey`, oldest first. */
  page(afterKey: number, limit: number): readonly Row[] {
    return this.#prepare(
      "SELECT key, id, envelope, length(header) + body_size AS size, route," +
        " created_at, expires_at FROM messages WHERE key > ?" +
        " ORDER BY key LIMIT ?",
    ).all(afterKey, limit);
  }

  /** Rows of a message's recipients. */
  recipientRows(messageKey: number): readonly Row[] {
    return this.#prepare(
      "SELECT * FROM recipients WHERE message = ? ORDER BY key",
    ).all(messageKey);
  }

  /** The row key of a message by its id or the id of its envelope. */
  keyOf(id: string): number | undefined {
    const row = this.#prepare("SELECT key FROM messages WHERE id = ?").get(id);
    return row === undefined ? undefined : Number(row["key"]);
  }

  /** Makes recipients due now, held ones too; gives their lanes. */
  retry(messageKey: number | undefined, now: number): Promise<string[]> {
    return this.#group.run(() => {
      const rows = messageKey === undefined
        ? this.#prepare(
          "UPDATE recipients SET state = 'queued', next_at = ?" +
            " RETURNING lane",
        ).all(now)
        : this.#prepare(
          "UPDATE recipients SET state = 'queued', next_at = ?" +
            " WHERE message = ? RETURNING lane",
        ).all(now, messageKey);
      return [...new Set(rows.map((row) => String(row["lane"])))];
    });
  }

  /** Removes recipients that are not in `leased`; gives how many went. */
  async drop(
    messageKey: number,
    address: string | undefined,
    leased: ReadonlySet<number>,
  ): Promise<number> {
    const { file, count } = await this.#group.run(() => {
      let count = 0;
      for (const row of this.recipientRows(messageKey)) {
        const { key, recipient } = recipientOf(row);
        if (leased.has(key)) continue;
        if (address !== undefined && recipient.address !== address) continue;
        this.#change(key, { kind: "done" });
        count++;
      }
      return { count, file: this.#removeIfEmpty(messageKey) };
    });
    if (file !== undefined) await this.#files.remove(file);
    return count;
  }

  /** What the account sent out on that day. */
  sentOn(
    account: string,
    day: number,
  ): { messages: number; newRecipients: number } {
    const row = this.#prepare(
      "SELECT messages, new_recipients FROM account_days" +
        " WHERE account = ? AND day = ?",
    ).get(account, day);
    return {
      messages: Number(row?.["messages"] ?? 0),
      newRecipients: Number(row?.["new_recipients"] ?? 0),
    };
  }

  /** Whether the account has written to the address (in lower case) before. */
  knowsRecipient(account: string, address: string): boolean {
    return this.#prepare(
      "SELECT 1 FROM known_recipients WHERE account = ? AND address = ?",
    ).get(account, address) !== undefined;
  }

  /** Number of messages and recipients. */
  counts(): { messages: number; recipients: number; held: number } {
    const row = this.#prepare(
      "SELECT (SELECT count(*) FROM messages) AS messages, count(*) AS" +
        " recipients, count(*) FILTER (WHERE state = 'held') AS held" +
        " FROM recipients",
    ).get();
    return {
      messages: Number(row?.["messages"]),
      recipients: Number(row?.["recipients"]),
      held: Number(row?.["held"]),
    };
  }

  #insert(message: NewMessage): void {
    const { lastInsertRowid } = this.#prepare(
      "INSERT INTO messages (id, envelope, header, body, file, body_size," +
        " route, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ).run(
      message.id,
      JSON.stringify(message.envelope),
      message.header,
      message.body ?? null,
      message.file ?? null,
      message.bodySize,
      message.route,
      message.createdAt,
      message.expiresAt,
    );
    const insert = this.#prepare(
      "INSERT INTO recipients (message, recipient, lane, state, attempts," +
        " next_at, delay_reported) VALUES (?, ?, ?, 'queued', 0, ?, 0)",
    );
    for (const recipient of message.recipients) {
      insert.run(
        lastInsertRowid,
        JSON.stringify(recipient),
        laneOf(recipient.address, message.route),
        message.createdAt,
      );
    }
    if (message.countedFor !== undefined) {
      this.#count(message.countedFor, message);
    }
  }

  /** Makes the message a part of the account's day. */
  #count(account: string, { recipients, createdAt }: NewMessage): void {
    const day = dayOf(createdAt);
    const know = this.#prepare(
      "INSERT INTO known_recipients (account, address, day) VALUES (?, ?, ?)" +
        " ON CONFLICT DO UPDATE SET day = excluded.day",
    );
    let fresh = 0;
    for (const { address } of recipients) {
      const key = address.toLowerCase();
      if (!this.knowsRecipient(account, key)) fresh++;
      know.run(account, key, day);
    }
    this.#prepare(
      "INSERT INTO account_days (account, day, messages, new_recipients)" +
        " VALUES (?, ?, 1, ?) ON CONFLICT DO UPDATE SET messages =" +
        " messages + 1, new_recipients = new_recipients +" +
        " excluded.new_recipients",
    ).run(account, day, fresh);
  }

  /** Forgets what limits no longer ask for. */
  #forget(today: number): void {
    this.#prepare("DELETE FROM account_days WHERE day < ?")
      .run(today - DAYS_COUNTED);
    this.#prepare("DELETE FROM known_recipients WHERE day < ?")
      .run(today - DAYS_KNOWN);
  }

  #change(key: number, change: RecipientChange): void {
    switch (change.kind) {
      case "done":
        this.#prepare("DELETE FROM recipients WHERE key = ?").run(key);
        return;
      case "deferred":
        this.#prepare(
          "UPDATE recipients SET attempts = attempts + 1, next_at = ?," +
            " last_reply = ?, delay_reported = ? WHERE key = ?",
        ).run(
          change.nextAt,
          JSON.stringify(change.reply),
          change.delayReported ? 1 : 0,
          key,
        );
        return;
      case "held":
        this.#prepare(
          "UPDATE recipients SET attempts = attempts + 1, state = 'held'," +
            " last_reply = ? WHERE key = ?",
        ).run(JSON.stringify(change.reply), key);
        return;
      case "rerouted":
        this.#reroute(key);
    }
  }

  /** Only bounces are rerouted, and those have one recipient. */
  #reroute(key: number): void {
    const row = this.#prepare("SELECT * FROM recipients WHERE key = ?")
      .get(key);
    if (row === undefined) return;
    const { recipient } = recipientOf(row);
    this.#prepare("UPDATE recipients SET lane = ? WHERE key = ?")
      .run(laneOf(recipient.address, "target"), key);
    this.#prepare("UPDATE messages SET route = 'target' WHERE key = ?")
      .run(Number(row["message"]));
  }

  /** Removes a message without recipients; gives its file. */
  #removeIfEmpty(messageKey: number): string | undefined {
    const left = this.#prepare(
      "SELECT 1 FROM recipients WHERE message = ? LIMIT 1",
    ).get(messageKey);
    if (left !== undefined) return undefined;
    const row = this.#prepare(
      "DELETE FROM messages WHERE key = ? RETURNING file",
    ).get(messageKey);
    const file = row?.["file"];
    return typeof file === "string" ? file : undefined;
  }

  #messageOf(row: Row): QueuedMessage {
    const { header, body, file } = row;
    const size = Number(row["body_size"]);
    if (!(header instanceof Uint8Array)) {
      throw new StorageError("corrupt", "A queued message has no header");
    }
    const content: Body = typeof file === "string"
      ? this.#files.body(file, size)
      : new MemoryBody(body instanceof Uint8Array ? body : new Uint8Array());
    return {
      key: Number(row["key"]),
      id: String(row["id"]),
      envelope: JSON.parse(String(row["envelope"])) as Envelope,
      header,
      body: content,
      route: row["route"] === "bounce" ? "bounce" : "target",
      createdAt: Number(row["created_at"]),
      expiresAt: Number(row["expires_at"]),
    };
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** Reads the row of a recipient. */
export function recipientOf(row: Row): QueuedRecipient {
  return {
    key: Number(row["key"]),
    recipient: JSON.parse(String(row["recipient"])) as Recipient,
    attempts: Number(row["attempts"]),
    delayReported: row["delay_reported"] === 1,
  };
}

/** Reads the last answer of a recipient's row. */
export function lastReplyOf(row: Row): LastReply | undefined {
  const text = row["last_reply"];
  return typeof text === "string" ? JSON.parse(text) as LastReply : undefined;
}

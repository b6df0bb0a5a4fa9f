/**
 * The messages of one mailbox as arrays, for SEARCH, SORT and THREAD: what a
 * scan of the table would read again and again. Positions ascend with UIDs.
 */
import { Mutex } from "#src/async/mutex.ts";
import type { MailboxId } from "#src/imap/backend.ts";
import type { Sql, SqlValue, StorageDriver } from "../driver.ts";
import { asNumber, number } from "../row.ts";
import { FactColumns } from "./fact_columns.ts";

/** Rows read at once. */
const PAGE = 20_000;

/** Room that is made beyond what is needed. */
const SPARE = 1.25;

const COLUMNS =
  "uid, content, flags, modseq, internal_date, saved_at, size_bytes";

/** Bytes of one message in the arrays here. */
const MESSAGE_BYTES = 52;

/** The arrays; entries from `length` on mean nothing. */
export class MailboxColumns {
  readonly mailbox: MailboxId;
  /** Held by whoever works with the arrays. */
  readonly mutex = new Mutex();
  length = 0;
  highestModSeq = 0;
  uids = new Uint32Array();
  contents = new Float64Array();
  flags = new Float64Array();
  modSeqs = new Float64Array();
  internalDates = new Float64Array();
  savedAt = new Float64Array();
  sizes = new Float64Array();
  readonly facts = new FactColumns();
  #sortedContents: Float64Array | undefined;

  constructor(mailbox: MailboxId) {
    this.mailbox = mailbox;
  }

  /** About how much memory this takes. */
  get bytes(): number {
    return this.uids.length * MESSAGE_BYTES + this.facts.bytes;
  }

  /**
   * Fills the arrays the first time, in short reads: what changes meanwhile is
   * left to `advance`.
   */
  async load(driver: StorageDriver): Promise<void> {
    if (this.highestModSeq > 0) return;
    let after = 0;
    let since = 0;
    this.length = 0;
    for (;;) {
      const { rows, modSeq } = await driver.read(async (sql) => ({
        modSeq: await sql.one(
          "SELECT highest_modseq FROM mailboxes WHERE id = ?",
          [this.mailbox],
        ),
        rows: await sql.tuples(
          `SELECT ${COLUMNS} FROM messages WHERE mailbox = ? AND uid > ? ` +
            `ORDER BY uid LIMIT ${PAGE}`,
          [this.mailbox, after],
        ),
      }));
      if (modSeq === undefined) return;
      // As of the first page: whatever changes after it is read again.
      if (after === 0) since = number(modSeq, "highest_modseq");
      this.#reserve(this.length + rows.length);
      for (const row of rows) this.#set(this.length++, row);
      if (rows.length < PAGE) break;
      after = this.uids[this.length - 1] ?? 0;
    }
    this.highestModSeq = since;
  }

  /** Brings the arrays to the state that `sql` sees. */
  async advance(sql: Sql, highestModSeq: number): Promise<void> {
    if (highestModSeq === this.highestModSeq) return;
    const since = this.highestModSeq;
    const expunged = await sql.tuples(
      "SELECT uid FROM expunged WHERE mailbox = ? AND modseq > ? ORDER BY uid",
      [this.mailbox, since],
    );
    this.#remove(expunged.map(([uid]) => asNumber(uid, "uid")));
    await this.#readChanged(sql, since);
    this.highestModSeq = highestModSeq;
    this.#sortedContents = undefined;
  }

  /** Whether a content from `first` to `last` is in the mailbox. */
  hasContentIn(first: number, last: number): boolean {
    const sorted = this.#sortedContents ??= this.contents
      .slice(0, this.length).sort();
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? 0) < first) low = middle + 1;
      else high = middle;
    }
    return (sorted[low] ?? Infinity) <= last;
  }

  /** Where a UID stands, or would stand. */
  positionOf(uid: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.uids[middle] ?? 0) < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async #readChanged(sql: Sql, since: number): Promise<void> {
    const rows = await sql.tuples(
      `SELECT ${COLUMNS} FROM messages WHERE mailbox = ? AND modseq > ? ` +
        "ORDER BY uid",
      [this.mailbox, since],
    );
    this.#reserve(this.length + rows.length);
    for (const row of rows) {
      const position = this.positionOf(asNumber(row[0], "uid"));
      // UIDs only ever grow: what is not known comes last.
      if (position === this.length) this.length++;
      this.#set(position, row);
    }
  }

  #set(at: number, row: readonly SqlValue[]): void {
    this.uids[at] = asNumber(row[0], "uid");
    this.contents[at] = asNumber(row[1], "content");
    this.flags[at] = asNumber(row[2], "flags");
    this.modSeqs[at] = asNumber(row[3], "modseq");
    this.internalDates[at] = asNumber(row[4], "internal_date");
    this.savedAt[at] = asNumber(row[5], "saved_at");
    this.sizes[at] = asNumber(row[6], "size_bytes");
  }

  /** Takes out UIDs, ascending; some may not be here. */
  #remove(uids: readonly number[]): void {
    const gone = uids.map((uid) => this.positionOf(uid))
      .filter((position, n) => this.uids[position] === uids[n]);
    const [first] = gone;
    if (first === undefined) return;
    let kept = first;
    let next = 0;
    for (let at = first; at < this.length; at++) {
      if (gone[next] === at) {
        next++;
        continue;
      }
      this.uids[kept] = this.uids[at] ?? 0;
      this.contents[kept] = this.contents[at] ?? 0;
      this.flags[kept] = this.flags[at] ?? 0;
      this.modSeqs[kept] = this.modSeqs[at] ?? 0;
      this.internalDates[kept] = this.internalDates[at] ?? 0;
      this.savedAt[kept] = this.savedAt[at] ?? 0;
      this.sizes[kept] = this.sizes[at] ?? 0;
      kept++;
    }
    this.facts.remove(gone);
    this.length = kept;
  }

  #reserve(length: number): void {
    if (length <= this.uids.length) return;
    const room = Math.ceil(length * SPARE);
    const uids = new Uint32Array(room);
    uids.set(this.uids);
    this.uids = uids;
    this.contents = grown(this.contents, room);
    this.flags = grown(this.flags, room);
    this.modSeqs = grown(this.modSeqs, room);
    this.internalDates = grown(this.internalDates, room);
    this.savedAt = grown(this.savedAt, room);
    this.sizes = grown(this.sizes, room);
  }
}

/** The same numbers with more room. */
function grown(
  numbers: Float64Array<ArrayBuffer>,
  room: number,
): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(room);
  larger.set(numbers);
  return larger;
}

/** What THREAD=REFERENCES needs of the messages of a mailbox, as arrays. */
import type { SqlValue } from "../driver.ts";
import type { FactColumn } from "./fact_columns.ts";
import { without } from "./without.ts";

/**
 * References that belong to no message any more: beyond so many, everything is
 * read anew.
 */
const MAX_GARBAGE = 100_000;

/** The arrays. */
export class ThreadingFacts implements FactColumn {
  readonly names = ["replies", "message_id", "reference_ids"] as const;
  /** 1: the subject says that it replies or forwards. */
  replies: number[] = [];
  /** Hash of the Message-ID; 0: it has none. */
  messageIds: number[] = [];
  /** Where in `pool` the references begin, and how many they are. */
  referencesAt: number[] = [];
  referenceCounts: number[] = [];
  pool: number[] = [];
  #garbage = 0;

  get length(): number {
    return this.messageIds.length;
  }

  get bytes(): number {
    return this.length * 32 + this.pool.length * 8;
  }

  push(values: readonly SqlValue[], at: number): void {
    this.replies.push(Number(values[at] ?? 0));
    this.messageIds.push(Number(values[at + 1] ?? 0));
    const ids = values[at + 2];
    const bytes = ids instanceof Uint8Array ? ids : NOTHING;
    const count = bytes.length / 8;
    this.referencesAt.push(this.pool.length);
    this.referenceCounts.push(count);
    if (count === 0) return;
    for (const id of new Float64Array(bytes.slice().buffer)) this.pool.push(id);
  }

  remove(gone: readonly number[]): void {
    for (const at of gone) this.#garbage += this.referenceCounts[at] ?? 0;
    if (this.#garbage > MAX_GARBAGE) return this.#clear();
    this.replies = without(this.replies, gone);
    this.messageIds = without(this.messageIds, gone);
    this.referencesAt = without(this.referencesAt, gone);
    this.referenceCounts = without(this.referenceCounts, gone);
  }

  #clear(): void {
    this.replies = [];
    this.messageIds = [];
    this.referencesAt = [];
    this.referenceCounts = [];
    this.pool = [];
    this.#garbage = 0;
  }
}

const NOTHING = new Uint8Array(0);

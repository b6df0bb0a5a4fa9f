/**
 * Columns of the mailboxes that were searched last, in one worker. Bounded:
 * the ones that were not used for longest are dropped.
 */
import { StorageError } from "#src/errors/errors.ts";
import type { MailboxId } from "#src/imap/backend.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import type { Sql, SqlValue, StorageDriver } from "../driver.ts";
import type { SearchIndex } from "../fulltext/search_index.ts";
import { bytes, number, optionalNumber, text } from "../row.ts";
import { MailboxColumns } from "./mailbox_columns.ts";
import { readKeywords } from "./mailbox_state.ts";
import type { FactColumn, FactGroup } from "./fact_columns.ts";
import {
  FACT_NAMES,
  type FactName,
  factsOf,
  factsRow,
  type MessageFacts,
} from "./message_facts.ts";
import { readGeneration } from "./search_generation.ts";

/** Of all columns of a worker. A mailbox that takes more is not kept. */
const MAX_BYTES = 96 * 1024 * 1024;

/** Facts read from the search database at once. */
const FACTS_AT_ONCE = 5_000;

/** A range of contents is read as a whole where one in so many is wanted. */
const SPARSE = 4;

/** How long is worked before others get their turn. */
const SLICE_MS = 5;

/** What the cache works on. */
export interface CacheSource {
  readonly driver: StorageDriver;
  readonly index: SearchIndex | undefined;
}

/** A mailbox as it is now. */
export interface MailboxView {
  readonly columns: MailboxColumns;
  readonly keywords: readonly string[];
  /** Of the index; `undefined`: there is none. */
  readonly generation: number | undefined;
}

/** The cache. */
export class MailboxCache {
  readonly #source: CacheSource;
  /** The one used last stands last. */
  readonly #columns = new Map<MailboxId, MailboxColumns>();

  constructor(source: CacheSource) {
    this.#source = source;
  }

  /**
   * Runs `work` on the mailbox as it is now; its columns stay as they are
   * until `work` is done. `undefined`: it is gone.
   */
  async use<T>(
    mailbox: MailboxId,
    work: (view: MailboxView) => Promise<T>,
  ): Promise<T | undefined> {
    const columns = this.#columns.get(mailbox) ?? new MailboxColumns(mailbox);
    this.#columns.delete(mailbox);
    this.#columns.set(mailbox, columns);
    return await columns.mutex.run(async () => {
      const { driver, index } = this.#source;
      await columns.load(driver);
      const state = await driver.read(async (sql) => {
        const row = await sql.one(
          "SELECT highest_modseq FROM mailboxes WHERE id = ?",
          [mailbox],
        );
        if (row === undefined) return undefined;
        await columns.advance(sql, number(row, "highest_modseq"));
        return {
          keywords: await readKeywords(sql, mailbox),
          generation: index && await readGeneration(sql),
        };
      });
      try {
        return state && await work({ columns, ...state });
      } finally {
        if (state === undefined) this.#columns.delete(mailbox);
        this.#shrink();
      }
    });
  }

  /** Makes sure that these groups of `columns.facts` have all messages. */
  async loadFacts(
    { columns, generation }: MailboxView,
    wanted: readonly FactGroup[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    let turnBegan = performance.now();
    for (;;) {
      signal?.throwIfAborted();
      const page = nextPage(columns, wanted);
      if (page === undefined) return;
      const rows = await this.#indexedFacts(page, generation);
      for (const content of page.contents) {
        const row = rows.get(content) ?? await this.#computed(content, page);
        let at = 0;
        for (const group of page.groups) {
          group.push(row, at);
          at += group.names.length;
        }
        if (performance.now() - turnBegan < SLICE_MS) continue;
        await new Promise<void>((resolve) => setImmediate(resolve));
        turnBegan = performance.now();
      }
    }
  }

  /** Messages of a thread, as they are now. */
  async uidsOfThread(
    mailbox: MailboxId,
    id: string,
  ): Promise<readonly number[]> {
    const rows = await this.#source.driver.read(async (sql) =>
      await sql.tuples(
        "SELECT uid FROM messages WHERE mailbox = ? AND thread_id = ?",
        [mailbox, id],
      )
    );
    return rows.map(([uid]) => Number(uid));
  }

  async #indexedFacts(
    page: FactPage,
    generation: number | undefined,
  ): Promise<ReadonlyMap<number, readonly SqlValue[]>> {
    const { index } = this.#source;
    if (index === undefined || generation === undefined) return new Map();
    return await index.read(generation, (sql) => readFacts(sql, page)) ??
      new Map<number, readonly SqlValue[]>();
  }

  /** From the header, where the index is behind. */
  async #computed(content: number, page: FactPage): Promise<SqlValue[]> {
    const row = await this.#source.driver.read(async (sql) =>
      await sql.one(
        "SELECT sent_at, base_subject, header FROM contents WHERE id = ?",
        [content],
      )
    );
    // Expunged meanwhile and swept: it is in no answer that anybody sees.
    const facts = row === undefined
      ? NO_FACTS
      : factsOf(new HeaderBlock(bytes(row, "header")), {
        sentAt: optionalNumber(row, "sent_at"),
        baseSubject: text(row, "base_subject"),
      });
    const values = factsRow(facts);
    return page.names.map((name) => values[FACT_NAMES.indexOf(name)] ?? null);
  }

  #shrink(): void {
    let sum = 0;
    for (const columns of this.#columns.values()) sum += columns.bytes;
    for (const [mailbox, columns] of this.#columns) {
      if (sum <= MAX_BYTES) return;
      this.#columns.delete(mailbox);
      sum -= columns.bytes;
    }
  }
}

/** The mailbox is not there any more. */
export function mailboxGone(): StorageError {
  return new StorageError("notFound", "The mailbox is gone");
}

const NO_FACTS: MessageFacts = {
  sentAt: undefined,
  sentDay: undefined,
  subject: "",
  replies: false,
  from: "",
  to: "",
  cc: "",
  displayFrom: "",
  displayTo: "",
  messageId: 0,
  references: [],
};

/** Messages whose facts are read next, and for whom. */
interface FactPage {
  /** They end where the messages begin. */
  readonly groups: readonly FactColumn[];
  /** What the groups need, one after the other. */
  readonly names: readonly FactName[];
  readonly contents: Float64Array;
}

/** Groups that are behind equally far; `undefined`: none is. */
function nextPage(
  { facts, contents, length }: MailboxColumns,
  wanted: readonly FactGroup[],
): FactPage | undefined {
  const behind = [...new Set(wanted)].map((name) => facts.group(name))
    .filter((group) => group.length < length);
  if (behind.length === 0) return undefined;
  const from = Math.min(...behind.map((group) => group.length));
  const groups = behind.filter((group) => group.length === from);
  const others = behind.filter((group) => group.length > from);
  const to = Math.min(
    from + FACTS_AT_ONCE,
    length,
    ...others.map((group) => group.length),
  );
  return {
    groups,
    names: groups.flatMap(({ names }) => names),
    contents: contents.subarray(from, to),
  };
}

/** Values of the names by content, where they are known. */
async function readFacts(
  sql: Sql,
  { names, contents }: FactPage,
): Promise<Map<number, readonly SqlValue[]>> {
  const found = new Map<number, readonly SqlValue[]>();
  const select = `SELECT ${[...names, "id"].join(", ")} FROM facts WHERE id`;
  const sorted = contents.toSorted();
  const first = sorted[0] ?? 0;
  const last = sorted[sorted.length - 1] ?? 0;
  if (last - first < sorted.length * SPARSE) {
    const rows = await sql.tuples(`${select} BETWEEN ? AND ?`, [first, last]);
    for (const row of rows) found.set(Number(row[names.length]), row);
    return found;
  }
  for (const content of sorted) {
    const [row] = await sql.tuples(`${select} = ?`, [content]);
    if (row !== undefined) found.set(content, row);
  }
  return found;
}

/**
 * Fills the search database behind the commits. Its only writer; one a store.
 *
 * Content ids ascend in the order of commits, so the end of the last block
 * says what is indexed. A block is one transaction: after a crash it is there
 * or not. Small blocks at the end are built again together with what comes
 * after them, so that their number stays small; blocks of which much was
 * deleted are built again without it.
 *
 * Nothing waits for the indexer. It works in slices of some milliseconds; while
 * much mail arrives it rests for most of the time.
 */
import type { Clock } from "#src/clock/clock.ts";
import type { Log } from "#src/log/log.ts";
import { StorageError } from "#src/errors/errors.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import type { Blobs } from "#src/module/roles/blobs.ts";
import type { PartRange } from "#src/imap/summary.ts";
import type { Row, StorageDriver, WriteSql } from "../driver.ts";
import {
  BlockBuilder,
  type DocumentText,
  MAX_BLOCK_PLACES,
  MAX_SPAN,
} from "../fulltext/block_builder.ts";
import {
  type BlockRange,
  readBlocks,
  writeBlock,
} from "../fulltext/block_writer.ts";
import { FieldNumbers } from "../fulltext/index_field.ts";
import {
  DROP_SEARCH_SCHEMA,
  SEARCH_FORMAT,
  SEARCH_SCHEMA,
} from "../fulltext/search_schema.ts";
import { WordCutter } from "../fulltext/word_cutter.ts";
import { bytes, number, optionalNumber, text } from "../row.ts";
import { Sqlite3 } from "../sqlite3.ts";
import { bodyReader } from "./content_body.ts";
import {
  FACT_NAMES,
  factsOf,
  factsRow,
  type MessageFacts,
} from "./message_facts.ts";
import { readGeneration } from "./search_generation.ts";
import { BodyText, HeaderText } from "./search_text.ts";

const INSERT_FACTS =
  `INSERT OR REPLACE INTO facts (id, ${FACT_NAMES.join(", ")}) ` +
  `VALUES (?${", ?".repeat(FACT_NAMES.length)})`;

/** Between two looks for new contents. */
const POLL_MS = 1_000;

/** After a failure. */
const RETRY_MS = 30_000;

/** How long is worked before others get their turn. */
const SLICE_MS = 4;

/** Arrivals a second from which on the indexer rests most of the time. */
const BUSY_RATE = 50;

/** Rest after each slice while it is busy, in slices. */
const BUSY_REST = 15;

/** When the turn of others takes so long there are others. */
const OTHERS_MS = 0.2;

/** Rest after each slice while there are, in slices. */
const OTHERS_REST = 3;

/** Longest rest. */
const MAX_REST_MS = 1_000;

/** Between two looks at the rate of arrivals. */
const RATE_MS = 500;

/** Documents of one block. */
const MAX_DOCUMENTS = 2_048;

/** A block is taken up again while it is at most so many times what follows. */
const ABSORB = 3;

/** Characters of the body of one message. */
const MAX_TEXT = 1_000_000;

/** Between two looks for blocks with deleted contents. */
const AUDIT_MS = 10 * 60_000;

/** Part of a block that may be deleted before it is built again at once. */
const MAX_DEAD = 0.1;

/** After this a block is built again for a single deleted content. */
const MAX_DEAD_MS = 24 * 3_600_000;

/** What the indexer is made of. */
export interface IndexerOptions {
  /** The mail database, only read. */
  readonly driver: StorageDriver;
  readonly blobs: Blobs;
  /** The search database. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Instead of `MAX_BLOCK_PLACES`. */
  readonly blockPlaces?: number;
}

/** Indexes. */
export class Indexer {
  readonly #options: IndexerOptions;
  readonly #cutter = new WordCutter();
  #search: Sqlite3 | undefined;
  #fields: FieldNumbers | undefined;
  #generation = -1;
  #auditAt: number;
  #sliceBegan = 0;
  #rateAt = 0;
  #rateCount = 0;
  #busy = false;
  #signal: AbortSignal | undefined;

  constructor(options: IndexerOptions) {
    this.#options = options;
    this.#auditAt = options.clock.monotonic() + AUDIT_MS;
  }

  /** Works until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    this.#signal = signal;
    try {
      while (!signal.aborted) {
        let worked = false;
        let wait = POLL_MS;
        try {
          worked = await this.round();
        } catch (error) {
          if (signal.aborted) return;
          log.warn("indexing failed", { error: String(error) });
          await this.#recover(error);
          wait = RETRY_MS;
        }
        if (!worked) await clock.sleep(wait, signal);
      }
    } finally {
      await this.close();
    }
  }

  /** Builds a block, if there is something to do; whether there was. */
  async round(): Promise<boolean> {
    const { driver, clock } = this.#options;
    this.#sliceBegan = performance.now();
    const search = await this.#open();
    const { generation, newest } = await driver.read(async (sql) => ({
      generation: await readGeneration(sql),
      newest: number(
        await sql.one("SELECT ifnull(max(id), 0) AS id FROM contents") ?? {},
        "id",
      ),
    }));
    if (generation === undefined) return false;
    if (generation !== this.#generation) await this.#begin(search, generation);
    const blocks = await search.read((sql) => readBlocks(sql));
    const end = blocks[blocks.length - 1]?.last ?? 0;
    if (newest > end) {
      await this.#extend(blocks, newest);
      return true;
    }
    if (clock.monotonic() < this.#auditAt) return false;
    return await this.#audit(blocks);
  }

  async close(): Promise<void> {
    const search = this.#search;
    this.#search = undefined;
    this.#generation = -1;
    await search?.close();
  }

  /** Indexes what is new, together with small blocks before it. */
  async #extend(
    blocks: readonly BlockRange[],
    newest: number,
  ): Promise<void> {
    const end = blocks[blocks.length - 1]?.last ?? 0;
    const from = await this.#next(end);
    let first = from;
    let documents = Math.min(newest - from + 1, MAX_DOCUMENTS);
    let places = 0;
    for (const block of blocks.toReversed()) {
      const sum = documents + block.documents;
      if (block.documents > documents * ABSORB || sum > MAX_DOCUMENTS) break;
      if (from - block.first >= MAX_SPAN / 2) break;
      // Half of a block at least is for what is new.
      places += block.places;
      if (places > this.#blockPlaces / 2) break;
      first = block.first;
      documents = sum;
    }
    await this.#build(first, { most: MAX_SPAN, atLeast: from });
  }

  get #blockPlaces(): number {
    return this.#options.blockPlaces ?? MAX_BLOCK_PLACES;
  }

  /** The first content after `id`: there may be a wide gap. */
  async #next(id: number): Promise<number> {
    const row = await this.#options.driver.read(async (sql) =>
      await sql.one("SELECT min(id) AS id FROM contents WHERE id > ?", [id])
    );
    return optionalNumber(row ?? {}, "id") ?? id + 1;
  }

  /**
   * Builds one block from `first` on: of `most` ids, or fewer where there is
   * much text or little mail. It ends at `atLeast` or later.
   */
  async #build(
    first: number,
    { most, atLeast }: { readonly most: number; readonly atLeast: number },
  ): Promise<void> {
    const fields = await this.#numbers();
    const builder = new BlockBuilder(first, this.#cutter);
    const facts: [number, MessageFacts][] = [];
    let last = first - 1;
    for (;;) {
      const row = await this.#content(last, first + most - 1);
      if (row === undefined) break;
      const id = number(row, "id");
      const enough = builder.places > this.#blockPlaces ||
        builder.documents >= MAX_DOCUMENTS;
      if (enough && id > atLeast) break;
      last = id;
      const header = new HeaderBlock(bytes(row, "header"));
      builder.add(id, await this.#text(row, header, fields));
      facts.push([
        id,
        factsOf(header, {
          sentAt: optionalNumber(row, "sent_at"),
          baseSubject: text(row, "base_subject"),
        }),
      ]);
      await this.#pause();
    }
    if (last < atLeast) last = atLeast;
    await this.#store(builder, last, facts, fields);
  }

  async #store(
    builder: BlockBuilder,
    last: number,
    facts: readonly (readonly [number, MessageFacts])[],
    fields: FieldNumbers,
  ): Promise<void> {
    const search = await this.#open();
    const { clock } = this.#options;
    try {
      await search.write(async (sql) => {
        const block = { last, now: clock.now() };
        await writeBlock(sql, builder, block, fields, () => this.#pause());
        for (const [content, one] of facts) {
          await sql.run(
            INSERT_FACTS,
            [content, ...factsRow(one)],
          );
          await this.#pause();
        }
      });
    } catch (error) {
      // Numbers that it had given are not on disk.
      this.#fields = undefined;
      throw error;
    }
  }

  /** The first content after `last`, at most `end`. */
  async #content(last: number, end: number): Promise<Row | undefined> {
    return await this.#options.driver.read(async (sql) =>
      await sql.one(
        "SELECT c.id, c.sent_at, c.base_subject, c.structure, c.header, " +
          "c.blob, b.bytes AS body FROM contents c " +
          "LEFT JOIN bodies b ON b.content = c.id " +
          "WHERE c.id > ? AND c.id <= ? ORDER BY c.id LIMIT 1",
        [last, end],
      )
    );
  }

  async #text(
    row: Row,
    header: HeaderBlock,
    fields: FieldNumbers,
  ): Promise<DocumentText> {
    const lines = new HeaderText(header).lines.map(({ name, value }) => ({
      field: fields.add(name),
      name: name.toUpperCase(),
      value,
    }));
    const body = new BodyText(
      JSON.parse(text(row, "structure")) as PartRange,
      bodyReader(row, this.#options.blobs),
    );
    try {
      return { lines, ...await body.texts(MAX_TEXT) };
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      // A body that cannot be read now: who searches it will see.
      return { lines, texts: [], complete: false };
    }
  }

  /** Builds a block again of which contents were deleted; whether it did. */
  async #audit(
    blocks: readonly (BlockRange & { readonly builtAt: number })[],
  ): Promise<boolean> {
    const { driver, clock } = this.#options;
    for (const { first, last, documents, builtAt } of blocks) {
      const row = await driver.read(async (sql) =>
        await sql.one(
          "SELECT count(*) AS alive FROM contents WHERE id BETWEEN ? AND ?",
          [first, last],
        )
      );
      const dead = documents - number(row ?? {}, "alive");
      const old = clock.now() - builtAt > MAX_DEAD_MS;
      if (dead > documents * MAX_DEAD || (dead > 0 && old)) {
        await this.#build(first, { most: last - first + 1, atLeast: last });
        return true;
      }
      await this.#pause();
    }
    this.#auditAt = clock.monotonic() + AUDIT_MS;
    return false;
  }

  async #open(): Promise<Sqlite3> {
    if (this.#search !== undefined) return this.#search;
    const search = new Sqlite3({
      path: this.#options.path,
      readOnly: false,
      canBeMadeAgain: true,
    });
    await search.open();
    this.#search = search;
    return search;
  }

  /** Makes the database anew unless it is of this store and this format. */
  async #begin(search: Sqlite3, generation: number): Promise<void> {
    await search.write(async (sql) => {
      const version = search.schemaVersion(sql);
      const isOurs = version === SEARCH_FORMAT &&
        await metaOf(sql, "generation") === generation &&
        await this.#isWithin(sql);
      if (isOurs) return;
      search.script(sql, DROP_SEARCH_SCHEMA);
      search.script(sql, SEARCH_SCHEMA);
      search.setSchemaVersion(sql, SEARCH_FORMAT);
      for (
        const [name, value] of [
          ["format", SEARCH_FORMAT],
          ["generation", generation],
        ] as const
      ) {
        await sql.run("INSERT INTO meta (name, value) VALUES (?, ?)", [
          name,
          value,
        ]);
      }
      for (const [id, name] of FieldNumbers.common().takeAdded()) {
        await sql.run("INSERT INTO fields (id, name) VALUES (?, ?)", [
          id,
          name,
        ]);
      }
    });
    this.#fields = undefined;
    this.#generation = generation;
  }

  /** An older mail database was put back if the index knows more than it. */
  async #isWithin(sql: WriteSql): Promise<boolean> {
    const row = await sql.one(
      "SELECT ifnull(max(last), 0) AS last FROM blocks",
    );
    const given = await this.#options.driver.read(async (mail) =>
      await mail.one(
        "SELECT ifnull(max(seq), 0) AS last FROM sqlite_sequence " +
          "WHERE name = 'contents'",
      )
    );
    return number(row ?? {}, "last") <= number(given ?? {}, "last");
  }

  async #numbers(): Promise<FieldNumbers> {
    if (this.#fields !== undefined) return this.#fields;
    const search = await this.#open();
    const rows = await search.read(async (sql) =>
      await sql.tuples("SELECT id, name FROM fields")
    );
    return this.#fields = new FieldNumbers(
      rows.map(([id, name]) => [Number(id), String(name)]),
    );
  }

  /** A file that SQLite cannot read is made again. */
  async #recover(error: unknown): Promise<void> {
    await this.close();
    if (!/malformed|not a database|corrupt/i.test(String(error))) return;
    for (const end of ["", "-wal", "-shm"]) {
      await Deno.remove(this.#options.path + end).catch(() => {});
    }
  }

  /** Lets others have their turn; a long one while much mail arrives. */
  async #pause(): Promise<void> {
    const now = performance.now();
    if (now - this.#sliceBegan < SLICE_MS) return;
    this.#signal?.throwIfAborted();
    await this.#measure(now);
    if (this.#busy) {
      const rest = (now - this.#sliceBegan) * BUSY_REST;
      await this.#options.clock.sleep(
        Math.min(rest, MAX_REST_MS),
        this.#signal,
      );
      this.#signal?.throwIfAborted();
    } else await this.#others(now - this.#sliceBegan);
    this.#sliceBegan = performance.now();
  }

  /** Their turn, and a rest where somebody had waited for it. */
  async #others(slice: number): Promise<void> {
    const asked = performance.now();
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (performance.now() - asked < OTHERS_MS) return;
    await this.#options.clock.sleep(slice * OTHERS_REST, this.#signal);
    this.#signal?.throwIfAborted();
  }

  async #measure(now: number): Promise<void> {
    const passed = now - this.#rateAt;
    if (passed < RATE_MS) return;
    const row = await this.#options.driver.read(async (sql) =>
      await sql.one("SELECT ifnull(max(id), 0) AS id FROM contents")
    );
    const count = number(row ?? {}, "id");
    const rate = (count - this.#rateCount) / passed * 1_000;
    this.#busy = this.#rateAt > 0 && rate > BUSY_RATE;
    this.#rateAt = now;
    this.#rateCount = count;
  }
}

async function metaOf(
  sql: WriteSql,
  name: string,
): Promise<number | undefined> {
  const row = await sql.one("SELECT value FROM meta WHERE name = ?", [name]);
  return row === undefined ? undefined : number(row, "value");
}

/**
 * The search database for reading. It may be missing, behind or broken at any
 * time: then it says `PERHAPS`, and messages have to be looked at.
 */
import type { Clock } from "#src/clock/clock.ts";
import type { Log } from "#src/log/log.ts";
import type { Sql } from "../driver.ts";
import { Sqlite3 } from "../sqlite3.ts";
import {
  type Block,
  BLOCK_COLUMNS,
  canLookUp,
  FEW_WORDS,
  queryBlocks,
  type Scope,
  toBlock,
} from "./block_query.ts";
import { ContentStates } from "./content_states.ts";
import { FieldNumbers, OTHER, PRESENT } from "./index_field.ts";
import { type IndexQuery, indexQuery, MAX_OFFSET } from "./index_query.ts";
import { SEARCH_FORMAT } from "./search_schema.ts";
import { WordCutter } from "./word_cutter.ts";

/** Until the file is opened anew: it may have been replaced. */
const REOPEN_MS = 60_000;

/** Until a file that could not be opened is tried again. */
const RETRY_MS = 1_000;

/** Blocks that are asked together; then others get their turn. */
const GROUP = 32;

/** What the index is made of. */
export interface SearchIndexOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** See `FEW_WORDS`. */
  readonly fewWords?: number;
}

/** A text to be found. */
export interface WantedText {
  readonly scope: "all" | "body" | { readonly field: string };
  /** Folded. Empty with a field: the field is there. */
  readonly text: string;
}

/** Says which contents can matter to a search. */
export type Matters = (first: number, last: number) => boolean;

/** Blocks and fields as of one state of the database. */
interface Catalogue {
  readonly version: number;
  readonly generation: number;
  readonly blocks: readonly Block[];
  readonly fields: FieldNumbers;
}

/** Finds texts. */
export class SearchIndex {
  readonly #options: SearchIndexOptions;
  readonly #cutter = new WordCutter();
  #driver: Sqlite3 | undefined;
  #openedAt = -Infinity;
  #triedAt = -Infinity;
  #catalogue: Catalogue | undefined;
  #users = 0;
  #opening: Promise<Sqlite3 | undefined> | undefined;

  constructor(options: SearchIndexOptions) {
    this.#options = options;
  }

  /**
   * Which contents have a text; only ranges that matter are looked at.
   * `generation`: the index that belongs to the mail database.
   */
  async find(
    wanted: WantedText,
    generation: number,
    matters: Matters,
    signal?: AbortSignal,
  ): Promise<ContentStates> {
    return await this.#reading(async (sql) => {
      const states = new ContentStates();
      const catalogue = await this.#load(sql);
      if (catalogue.generation !== generation) return states;
      await this.#answer(sql, catalogue, wanted, { matters, states, signal });
      return states;
    }, signal) ?? new ContentStates();
  }

  /** Reads rows of the database; `undefined` where there is no index. */
  async read<T>(
    generation: number,
    work: (sql: Sql) => Promise<T>,
  ): Promise<T | undefined> {
    return await this.#reading(async (sql) => {
      const catalogue = await this.#load(sql);
      return catalogue.generation === generation ? await work(sql) : undefined;
    });
  }

  async close(): Promise<void> {
    const driver = this.#driver;
    this.#driver = undefined;
    this.#catalogue = undefined;
    await driver?.close();
  }

  async #answer(
    sql: Sql,
    { blocks, fields }: Catalogue,
    wanted: WantedText,
    { matters, states, signal }: {
      readonly matters: Matters;
      readonly states: ContentStates;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<void> {
    const plan = this.#plan(wanted, fields);
    if (plan === undefined) return;
    const wantedBlocks = blocks.filter(({ first, last }) =>
      matters(first, last)
    );
    const fewWords = this.#options.fewWords ?? FEW_WORDS;
    const answers: [Block, Uint8Array][] = [];
    for (let at = 0; at < wantedBlocks.length; at += GROUP) {
      signal?.throwIfAborted();
      const group = wantedBlocks.slice(at, at + GROUP);
      const found = plan === "nowhere"
        ? group.map(({ first, last }) => new Uint8Array(last - first + 1))
        : await queryBlocks(sql, group, { ...plan, fewWords });
      for (const [n, block] of group.entries()) {
        const own = found[n];
        if (own !== undefined) answers.push([block, own]);
      }
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    answers.sort(([a], [b]) => a.first - b.first);
    for (const [{ first }, own] of answers) states.add(first, own);
  }

  /** What to ask of each block; `undefined`: the index cannot tell. */
  #plan(
    { scope, text }: WantedText,
    fields: FieldNumbers,
  ):
    | { readonly scope: Scope; readonly query: IndexQuery }
    | "nowhere"
    | undefined {
    const field = typeof scope === "object"
      ? fields.find(scope.field)
      : undefined;
    if (typeof scope === "object") {
      if (field === undefined) return "nowhere";
      if (text === "") {
        const name = { text: scope.field.toUpperCase(), offset: 0 };
        return {
          scope: PRESENT,
          query: { pieces: [{ ...name, match: "equal" }], exact: true },
        };
      }
    }
    const query = indexQuery(text, this.#cutter);
    if (query === undefined) return undefined;
    const { pieces } = query;
    if ((pieces[pieces.length - 1]?.offset ?? 0) > MAX_OFFSET) return undefined;
    const useful = pieces.filter(canLookUp).length;
    if (pieces.length > 1 && useful === 0) return undefined;
    const isDecided = pieces.length === 1 || useful === pieces.length;
    const exact = query.exact && isDecided && field !== OTHER;
    return {
      scope: typeof scope === "object" ? field ?? OTHER : scope,
      query: { pieces, exact },
    };
  }

  async #load(sql: Sql): Promise<Catalogue> {
    const version = Number(
      (await sql.one("PRAGMA data_version"))?.data_version ?? 0,
    );
    if (this.#catalogue?.version === version) return this.#catalogue;
    const meta = new Map(
      (await sql.tuples("SELECT name, value FROM meta"))
        .map(([name, value]) => [String(name), Number(value)]),
    );
    const isKnown = meta.get("format") === SEARCH_FORMAT;
    const rows = isKnown
      ? await sql.all(`SELECT ${BLOCK_COLUMNS} FROM blocks ORDER BY first_word`)
      : [];
    const names = isKnown
      ? await sql.tuples("SELECT id, name FROM fields")
      : [];
    this.#catalogue = {
      version,
      generation: isKnown ? meta.get("generation") ?? -1 : -1,
      blocks: rows.map(toBlock),
      fields: new FieldNumbers(
        names.map(([id, name]) => [Number(id), String(name)]),
      ),
    };
    return this.#catalogue;
  }

  /** Reads; an index that cannot be read is as one that is not there. */
  async #reading<T>(
    work: (sql: Sql) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    const driver = await this.#open();
    if (driver === undefined) return undefined;
    this.#users++;
    try {
      return await driver.read(work);
    } catch (error) {
      if (signal?.aborted) throw error;
      this.#options.log.warn("search index not readable", {
        error: String(error),
      });
      // Opened anew at the next search, when nobody reads from it any more.
      this.#openedAt = -Infinity;
      return undefined;
    } finally {
      this.#users--;
    }
  }

  /** One call at a time opens: between two steps of it others may ask. */
  async #open(): Promise<Sqlite3 | undefined> {
    this.#opening ??= this.#openOnce().finally(() => {
      this.#opening = undefined;
    });
    return await this.#opening;
  }

  async #openOnce(): Promise<Sqlite3 | undefined> {
    const now = this.#options.clock.monotonic();
    if (this.#driver !== undefined) {
      if (now - this.#openedAt < REOPEN_MS || this.#users > 0) {
        return this.#driver;
      }
      await this.close();
    }
    if (now - this.#triedAt < RETRY_MS) return undefined;
    const driver = new Sqlite3({ path: this.#options.path, readOnly: true });
    try {
      await driver.open();
    } catch {
      // It is made by another worker, perhaps later.
      this.#triedAt = now;
      return undefined;
    }
    this.#driver = driver;
    this.#openedAt = now;
    return driver;
  }
}

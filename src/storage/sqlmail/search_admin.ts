/**
 * The part of role `admin` that is about the search index.
 *
 * | command | arguments | result |
 * |---|---|---|
 * | `search.status` | | `{ contents, indexed, bytes, filling }` |
 * | `search.reindex` | | `{ contents, indexed, bytes, filling }` |
 */
import type { StorageDriver } from "../driver.ts";
import type { SearchIndex } from "../fulltext/search_index.ts";
import { number } from "../row.ts";
import { changeGeneration, readGeneration } from "./search_generation.ts";
import type { Writer } from "./writer.ts";

/** What the commands work on. */
export interface SearchAdminOptions {
  readonly driver: StorageDriver;
  readonly writer: Writer;
  readonly index: SearchIndex;
  /** Whether a server runs, which fills the index. */
  readonly filling: boolean;
}

/** How far the index is. */
export interface SearchStatus {
  /** Id of the newest content; ids of contents that are gone count too. */
  readonly contents: number;
  /** Id up to which contents are in the index. */
  readonly indexed: number;
  /** What the index takes on disk, without its log. */
  readonly bytes: number;
  readonly filling: boolean;
}

/** The commands. */
export class SearchAdmin {
  readonly #options: SearchAdminOptions;

  constructor(options: SearchAdminOptions) {
    this.#options = options;
  }

  /** How far the index is. */
  async status(): Promise<SearchStatus> {
    const { driver, index, filling } = this.#options;
    const { generation, contents } = await driver.read(async (sql) => ({
      generation: await readGeneration(sql),
      contents: number(
        await sql.one("SELECT ifnull(max(id), 0) AS id FROM contents") ?? {},
        "id",
      ),
    }));
    const found = generation === undefined
      ? undefined
      : await index.read(generation, async (sql) => ({
        indexed: number(
          await sql.one("SELECT ifnull(max(last), 0) AS last FROM blocks") ??
            {},
          "last",
        ),
        bytes: number(
          await sql.one(
            "SELECT page_count * page_size AS bytes " +
              "FROM pragma_page_count(), pragma_page_size()",
          ) ?? {},
          "bytes",
        ),
      }));
    return { contents, filling, ...found ?? { indexed: 0, bytes: 0 } };
  }

  /** Has the index made anew by the worker that fills it. */
  async reindex(): Promise<SearchStatus> {
    await this.#options.writer.run((context) => changeGeneration(context));
    return await this.status();
  }
}

/** Writes and removes blocks of the search database. */
import type { SqlValue, WriteSql } from "../driver.ts";
import { asNumber, number, text } from "../row.ts";
import type { BlockBuilder } from "./block_builder.ts";
import type { FieldNumbers } from "./index_field.ts";
import { WORD_END, WORD_START } from "./search_schema.ts";

/** Rows that are removed between two pauses. */
const REMOVED_AT_ONCE = 200;

/** Rows that are written between two pauses. */
const WRITTEN_AT_ONCE = 200;

/** Lets others have their turn where it is time. */
export type Pause = () => Promise<void>;

/** A block, without its words. */
export interface BlockRange {
  readonly first: number;
  readonly last: number;
  readonly documents: number;
  readonly places: number;
}

/** All blocks, ascending. */
export async function readBlocks(
  sql: Pick<WriteSql, "all">,
): Promise<readonly (BlockRange & { readonly builtAt: number })[]> {
  const rows = await sql.all(
    "SELECT first, last, documents, places, built_at FROM blocks ORDER BY first",
  );
  return rows.map((row) => ({
    first: number(row, "first"),
    last: number(row, "last"),
    documents: number(row, "documents"),
    places: number(row, "places"),
    builtAt: number(row, "built_at"),
  }));
}

/** Writes a block in place of all that begin in its range. */
export async function writeBlock(
  sql: WriteSql,
  builder: BlockBuilder,
  block: { readonly last: number; readonly now: number },
  numbers: FieldNumbers,
  pause: Pause,
): Promise<void> {
  await removeBlocks(sql, builder.first, block.last, pause);
  for (const [id, name] of numbers.takeAdded()) {
    await sql.run("INSERT INTO fields (id, name) VALUES (?, ?)", [id, name]);
  }
  const next = await sql.one("SELECT max(last_word) AS last FROM blocks");
  const firstWord = Number(next?.last ?? 0) + 1;
  const ranges: [number, number, number][] = [];
  let id = firstWord;
  for (const { field, size, rows } of builder.fields()) {
    ranges.push([field, id, id + size - 1]);
    const first = id;
    let vocabulary = WORD_START;
    for (const { word, documents, places } of rows()) {
      await sql.run(INSERT_WORD, [id, word, documents, places]);
      await sql.run(INSERT_GRAMS, [id, WORD_START + word + WORD_END]);
      vocabulary += word + WORD_START;
      id++;
      if (id % WRITTEN_AT_ONCE === 0) await pause();
    }
    await sql.run(INSERT_VOCABULARY, [first, vocabulary]);
  }
  await sql.run(
    "INSERT INTO blocks (first, last, documents, places, built_at, " +
      "first_word, last_word, ranges, vague, partial) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [
      builder.first,
      block.last,
      builder.documents,
      builder.places,
      block.now,
      firstWord,
      id - 1,
      JSON.stringify(ranges),
      builder.vague,
      builder.partial,
    ],
  );
}

const INSERT_WORD =
  "INSERT INTO words (id, word, documents, places) VALUES (?, ?, ?, ?)";
const INSERT_VOCABULARY =
  "INSERT INTO vocabularies (first, words) VALUES (?, ?)";
const INSERT_GRAMS = "INSERT INTO grams (rowid, word) VALUES (?, ?)";

/** Removes the blocks that begin in a range, their words and facts. */
async function removeBlocks(
  sql: WriteSql,
  first: number,
  last: number,
  pause: Pause,
): Promise<void> {
  const rows = await sql.all(
    "SELECT first, first_word, last_word FROM blocks " +
      "WHERE first BETWEEN ? AND ?",
    [first, last],
  );
  await sql.run("DELETE FROM facts WHERE id BETWEEN ? AND ?", [first, last]);
  for (const row of rows) {
    await removeWords(
      sql,
      number(row, "first_word"),
      number(row, "last_word"),
      pause,
    );
    await sql.run("DELETE FROM blocks WHERE first = ?", [number(row, "first")]);
  }
}

async function removeWords(
  sql: WriteSql,
  first: number,
  last: number,
  pause: Pause,
): Promise<void> {
  await sql.run("DELETE FROM vocabularies WHERE first BETWEEN ? AND ?", [
    first,
    last,
  ]);
  for (let at = first; at <= last; at += REMOVED_AT_ONCE) {
    const end = Math.min(at + REMOVED_AT_ONCE - 1, last);
    const rows = await sql.all(
      "SELECT id, word FROM words WHERE id BETWEEN ? AND ?",
      [at, end],
    );
    for (const row of rows) {
      const params: SqlValue[] = [
        asNumber(row.id, "id"),
        WORD_START + text(row, "word") + WORD_END,
      ];
      // FTS5 has to be told what it forgets: it keeps no copy.
      await sql.run(
        "INSERT INTO grams (grams, rowid, word) VALUES ('delete', ?, ?)",
        params,
      );
    }
    await sql.run("DELETE FROM words WHERE id BETWEEN ? AND ?", [at, end]);
    await pause();
  }
}

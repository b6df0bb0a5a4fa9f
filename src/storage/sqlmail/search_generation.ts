/**
 * Which search database belongs to a mail database: a number that both know.
 * Another number in the mail database has the index made anew.
 */
import { randomBytes } from "node:crypto";
import type { Sql, WriteSql } from "../driver.ts";
import { number } from "../row.ts";

const NAME = "search_generation";

/** The number; `undefined` before the store was opened for writing. */
export async function readGeneration(sql: Sql): Promise<number | undefined> {
  const row = await sql.one("SELECT value FROM settings WHERE name = ?", [
    NAME,
  ]);
  return row === undefined ? undefined : number(row, "value");
}

/** Gives a new store its number. */
export async function ensureGeneration(sql: WriteSql): Promise<void> {
  await sql.run(
    "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
    [NAME, newNumber()],
  );
}

/** Has the index made anew. */
export async function changeGeneration(
  sql: Pick<WriteSql, "run">,
): Promise<void> {
  await sql.run(
    "INSERT INTO settings (name, value) VALUES (?, ?) " +
      "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    [NAME, newNumber()],
  );
}

function newNumber(): number {
  return randomBytes(6).readUIntBE(0, 6);
}

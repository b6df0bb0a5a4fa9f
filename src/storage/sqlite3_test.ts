import assert from "node:assert/strict";
import { StorageError } from "#src/errors/errors.ts";
import { inFolder } from "#tests/support/in_folder.ts";
import { Sqlite3, type Sqlite3Options } from "./sqlite3.ts";

/** Of what opening the file rejects with. */
async function openError(
  options: Sqlite3Options,
): Promise<StorageError> {
  try {
    await new Sqlite3(options).open();
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
  throw new Error("It could be opened");
}

Deno.test("a file that is no database is corrupt, one that is not there is not", () =>
  inFolder(async (folder) => {
    const path = `${folder}/mail.db`;
    await Deno.writeTextFile(path, "x".repeat(5_000));
    for (const readOnly of [false, true]) {
      const { kind, message } = await openError({ path, readOnly });
      assert.equal(kind, "corrupt");
      assert.match(message, /mail\.db: file is not a database/);
    }
    const absent = await openError({
      path: `${folder}/no/mail.db`,
      readOnly: false,
    });
    assert.equal(absent.kind, "busy");
    assert.match(absent.message, /no\/mail\.db: /);
  }));

Deno.test("packed rows are what tuples are, of any bytes", () =>
  inFolder(async (folder) => {
    const driver = new Sqlite3({ path: `${folder}/a.db`, readOnly: false });
    await driver.open();
    const rows: readonly (readonly [number, Uint8Array | null, string])[] = [
      [-5, new Uint8Array(), ""],
      [0, null, "grün"],
      [9_007_199_254_740_991, Uint8Array.of(0, 255, 44, 0), "a,b"],
      [-9_007_199_254_740_991, Uint8Array.of(7), "\u{1f600}"],
    ];
    await driver.write(async (sql) => {
      driver.script(sql, "CREATE TABLE t (n INTEGER, b BLOB, s TEXT)");
      for (const row of rows) {
        await sql.run("INSERT INTO t VALUES (?, ?, ?)", [...row]);
      }
    });
    await driver.read(async (sql) => {
      const fields = { numbers: ["n", "n + 0"], columns: ["b", "s"] };
      const packed = await sql.packed(fields, "FROM t ORDER BY rowid");
      assert.equal(packed.count, rows.length);
      const [bytes, text] = packed.columns;
      assert.ok(bytes !== undefined && text !== undefined);
      for (const [n, [number, blob, string]] of rows.entries()) {
        assert.equal(packed.numbers[0]?.[n], number);
        assert.equal(packed.numbers[1]?.[n], number);
        const cell = (column: typeof bytes): Uint8Array | null =>
          (column.starts[n] ?? -1) < 0
            ? null
            : column.bytes.slice(column.starts[n], column.ends[n]);
        assert.deepEqual(cell(bytes), blob);
        assert.deepEqual(cell(text), new TextEncoder().encode(string));
      }
      const none = await sql.packed(fields, "FROM t WHERE n = 1");
      assert.equal(none.count, 0);
      assert.equal(none.numbers[0]?.length, 0);
    });
    await driver.close();
  }));

import assert from "node:assert/strict";
import { citations } from "#scripts/docs_rfc.ts";
import { RFC_TABLE } from "#scripts/rfc_table.ts";

const ROWS = RFC_TABLE.flatMap(([, rows]) => rows);

Deno.test("every RFC that the code cites stands in the table, once", async () => {
  const numbers = ROWS.map(([number]) => number);
  assert.equal(new Set(numbers).size, numbers.length, "a number stands twice");
  const known = new Set(numbers);
  const missing = [...(await citations()).keys()].filter((n) => !known.has(n));
  assert.deepEqual(missing.sort(), []);
});

Deno.test("what is kept is cited where it is kept", async () => {
  const cited = await citations();
  const nowhere = ROWS.filter(([number, , kept]) =>
    (kept === "yes" || kept === "partly") && !cited.has(number)
  ).map(([number]) => number);
  assert.deepEqual(nowhere, []);
});

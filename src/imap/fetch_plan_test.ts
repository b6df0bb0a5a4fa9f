/** What a FETCH reads of the store. */
import assert from "node:assert/strict";
import type { FetchColumns } from "./backend.ts";
import { planFetch } from "./fetch_plan.ts";
import { INLINE_BODY_BYTES, INLINE_PARTS_BYTES } from "./limits.ts";
import { Cursor } from "./wire/cursor.ts";
import { parseFetchItems } from "./wire/fetch_grammar.ts";

function columnsOf(items: string): FetchColumns | undefined {
  return planFetch(parseFetchItems(new Cursor(new TextEncoder().encode(items))))
    .columns;
}

Deno.test("what the view knows is not read", () => {
  assert.equal(columnsOf("(UID FLAGS MODSEQ)"), undefined);
  assert.deepEqual(columnsOf("(FLAGS RFC822.SIZE)"), {});
});

Deno.test("columns are read, and bodies only where something of them is asked for", () => {
  assert.deepEqual(columnsOf("(ENVELOPE BODY PREVIEW INTERNALDATE)"), {
    envelope: true,
    bodyBasic: true,
    preview: true,
    dates: true,
  });
  assert.deepEqual(columnsOf("BODY.PEEK[HEADER.FIELDS (FROM)]"), {
    header: true,
  });
  assert.deepEqual(columnsOf("BODY.PEEK[2.MIME]"), {
    structure: true,
    header: true,
    bodyUpTo: INLINE_PARTS_BYTES,
  });
});

Deno.test("of parts less is read at once than of wholes", () => {
  for (const whole of ["BODY[]", "RFC822", "BODY.PEEK[TEXT]"]) {
    assert.equal(columnsOf(whole)?.bodyUpTo, INLINE_BODY_BYTES, whole);
  }
  for (const part of ["BODY[]<0.100>", "BODY.PEEK[1]", "BINARY[2]"]) {
    assert.equal(columnsOf(part)?.bodyUpTo, INLINE_PARTS_BYTES, part);
  }
  const both = columnsOf("(BODY[1] BODY[])");
  assert.equal(both?.bodyUpTo, INLINE_BODY_BYTES);
});

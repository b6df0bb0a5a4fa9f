import assert from "node:assert/strict";
import { wholeLines } from "./whole_lines.ts";

async function run(
  pieces: readonly Uint8Array[],
): Promise<readonly Uint8Array[]> {
  const given = async function* (): AsyncGenerator<Uint8Array> {
    yield* pieces;
  };
  return await Array.fromAsync(wholeLines(given()));
}

function bytes(...texts: readonly string[]): readonly Uint8Array[] {
  return texts.map((text) => new TextEncoder().encode(text));
}

Deno.test("lines go through as they come", async () => {
  const pieces = bytes("a\r\nb", "c\r\n", "\r\n", "d");
  assert.deepEqual(await run(pieces), pieces);
});

Deno.test("a line without end costs few pieces and keeps its bytes", async () => {
  const pieces = Array.from(
    { length: 1000 },
    (_, i) => new Uint8Array(100).fill(i % 251 === LF ? 0 : i % 251),
  );
  const out = await run(pieces);
  assert.ok(out.length < 20, `${out.length}`);
  assert.deepEqual(
    new Uint8Array(await new Blob(out as Uint8Array<ArrayBuffer>[]).bytes()),
    new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).bytes()),
  );
});

Deno.test("after a long line has ended nothing is held back", async () => {
  const out = await run(bytes("aaaa", "bbbb", "cc", "c\n", "dd", "ee\n"));
  assert.deepEqual(
    out.map((piece) => new TextDecoder().decode(piece)),
    ["aaaa", "bbbb", "ccc\n", "dd", "ee\n"],
  );
});

const LF = 0x0a;

import assert from "node:assert/strict";
import { LimitError } from "#src/errors/errors.ts";
import { inFolder } from "#tests/support/in_folder.ts";
import { streamOf } from "#tests/support/pipeline_bench.ts";
import { splitMessage, spoolMessage } from "./spool.ts";
import { sweepSpool } from "./spool_file.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Message, expected header, expected body. */
const MESSAGES: readonly (readonly [string, string, string])[] = [
  ["A: 1\r\n\r\nbody\r\n", "A: 1\r\n\r\n", "body\r\n"],
  ["A: 1\r\n b\r\n\r\n\r\nx\r\n", "A: 1\r\n b\r\n\r\n", "\r\nx\r\n"],
  ["\r\nbody\r\n", "\r\n", "body\r\n"],
  ["A: 1\r\n", "A: 1\r\n", ""],
  ["A: 1\r\n\r\n", "A: 1\r\n\r\n", ""],
  ["", "", ""],
];

Deno.test("header and body part at the first blank line, wherever the chunks end", async () => {
  for (const [message, header, body] of MESSAGES) {
    for (let pieces = 1; pieces <= message.length + 1; pieces++) {
      const spooled = await spoolMessage(streamOf(message, pieces), {
        folder: "/nonexistent",
        maxBytes: 1000,
      });
      assert.equal(text(spooled.header.bytes), header);
      assert.equal(await new Response(spooled.body.open()).text(), body);
      assert.equal(spooled.body.size, body.length);
    }
    const bytes = new TextEncoder().encode(message);
    const split = splitMessage(bytes, { folder: "", maxBytes: 1000 });
    assert.equal(text(split.header.bytes), header);
    assert.equal(text(split.body.bytes ?? new Uint8Array(1)), body);
  }
});

Deno.test("a body beyond the bound goes to a private file, which is removed", () =>
  inFolder(async (folder) => {
    const body = "0123456789".repeat(100);
    const spooled = await spoolMessage(streamOf(`A: 1\r\n\r\n${body}`, 7), {
      folder: `${folder}/spool`,
      maxBytes: 10_000,
      memoryBytes: 100,
    });
    assert.equal(spooled.body.bytes, undefined);
    const [entry] = [...Deno.readDirSync(`${folder}/spool`)];
    const { mode } = Deno.statSync(`${folder}/spool/${entry?.name}`);
    assert.equal((mode ?? 0) & 0o777, 0o600);
    // Twice at once, and given up half-way.
    const [one, two] = await Promise.all([
      new Response(spooled.body.open()).text(),
      new Response(spooled.body.open()).text(),
    ]);
    assert.equal(one, body);
    assert.equal(two, body);
    const reader = spooled.body.open().getReader();
    await reader.read();
    await reader.cancel();
    await spooled.dispose();
    await spooled.dispose();
    assert.deepEqual([...Deno.readDirSync(`${folder}/spool`)], []);
  }));

Deno.test("limits hold while the message arrives, and nothing stays", () =>
  inFolder(async (folder) => {
    let cancelled = 0;
    const endless = (start: string): ReadableStream<Uint8Array> => {
      let first = true;
      return new ReadableStream({
        pull(controller): void {
          const chunk = first ? start : "x".repeat(1000);
          first = false;
          controller.enqueue(new TextEncoder().encode(chunk));
        },
        cancel(): void {
          cancelled++;
        },
      });
    };
    const settings = { folder, maxBytes: 50_000, memoryBytes: 1000 };
    await assert.rejects(
      spoolMessage(endless("A: 1\r\n\r\n"), settings),
      (error) => error instanceof LimitError && error.limit === "max_size",
    );
    await assert.rejects(
      spoolMessage(endless("A: "), { ...settings, maxHeaderBytes: 2000 }),
      (error) => error instanceof LimitError && error.limit === "header size",
    );
    assert.equal(cancelled, 2);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("a header in many small pieces costs no more than one", async () => {
  const message = `A: ${"x".repeat(200_000)}\r\n\r\n`;
  const spooled = await spoolMessage(streamOf(message, 3), {
    folder: "/nonexistent",
    maxBytes: 1_000_000,
  });
  assert.equal(spooled.header.bytes.length, message.length);
});

Deno.test("the sweep removes what other processes left, and nothing else", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/body-1-abc`, "left");
    await Deno.writeTextFile(`${folder}/body-${Deno.pid}-abc`, "ours");
    await Deno.writeTextFile(`${folder}/other`, "not ours");
    assert.equal(await sweepSpool(folder, 0), 1);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert.deepEqual(names.toSorted(), [`body-${Deno.pid}-abc`, "other"]);
    assert.equal(await sweepSpool(folder, Date.now() + 1000), 1);
    assert.equal(await sweepSpool(`${folder}/absent`, 0), 0);
  }));

Deno.test("chunks are freed only where their maker has let go of them", () =>
  inFolder(async (folder) => {
    for (const releaseChunks of [false, true]) {
      const chunks = ["A: 1\r\n\r\n", "x".repeat(500), "y".repeat(500)]
        .map((text) => new TextEncoder().encode(text).slice());
      const spooled = await spoolMessage(ReadableStream.from(chunks), {
        folder,
        maxBytes: 10_000,
        memoryBytes: 100,
        releaseChunks,
      });
      const lengths = chunks.map(({ length }) => length);
      assert.deepEqual(lengths, releaseChunks ? [8, 0, 0] : [8, 500, 500]);
      assert.equal(spooled.header.bytes.length, 8);
      const body = await new Response(spooled.body.open()).text();
      assert.equal(body, "x".repeat(500) + "y".repeat(500));
      await spooled.dispose();
    }
  }));

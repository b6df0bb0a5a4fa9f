/** Module `fs`: blobs as files. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import { equalBytes } from "#src/bytes/equal_bytes.ts";
import { StorageError } from "#src/errors/errors.ts";
import { FileBlobs } from "./fs.ts";

async function withBlobs(
  test: (blobs: FileBlobs, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/tmp`);
    await test(new FileBlobs(folder), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function bytesOf(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, n) => n * 7 % 251);
}

async function read(stream: ReadableStream<Uint8Array>): Promise<number[]> {
  return (await Array.fromAsync(stream)).flatMap((chunk) => [...chunk]);
}

const notFound = (error: unknown): boolean =>
  error instanceof StorageError && error.kind === "notFound";

Deno.test("a blob is named by its hash and comes back, any range of it", () =>
  withBlobs(async (blobs, folder) => {
    const bytes = bytesOf(200_000);
    const cut = [bytes.subarray(0, 1), bytes.subarray(1, 70_000)];
    const { hash, size } = await blobs.put(
      ReadableStream.from([...cut, bytes.subarray(70_000)]),
    );
    assert.equal(hash, createHash("sha256").update(bytes).digest("hex"));
    assert.equal(size, bytes.length);
    assert.deepEqual(await read(await blobs.open(hash)), [...bytes]);
    const ranges = [[0, 1], [65_535, 65_537], [199_999, 300_000], [5, 5]];
    for (const [start = 0, end = 0] of ranges) {
      const stream = await blobs.open(hash, { start, end });
      assert.deepEqual(await read(stream), [...bytes.subarray(start, end)]);
    }
    await (await blobs.open(hash)).cancel();
    assert.deepEqual([...Deno.readDirSync(`${folder}/tmp`)], []);
  }));

Deno.test("a short blob comes in one chunk, a long one in many", () =>
  withBlobs(async (blobs) => {
    for (const [size, count] of [[256 * 1024, 1], [700_000, 5]] as const) {
      const bytes = bytesOf(size);
      const { hash } = await blobs.put(ReadableStream.from([bytes.slice()]));
      const range = { start: 0, end: size };
      const chunks = await Array.fromAsync(await blobs.open(hash, range));
      assert.equal(chunks.length, count);
      assert.ok(equalBytes(concatBytes(chunks), bytes));
      // No end is given: it is found.
      const all = await Array.fromAsync(await blobs.open(hash));
      assert.ok(equalBytes(concatBytes(all), bytes));
    }
  }));

Deno.test("equal bytes, put at once, are kept once", () =>
  withBlobs(async (blobs) => {
    const put = (): ReturnType<FileBlobs["put"]> =>
      blobs.put(ReadableStream.from([bytesOf(1_000)]));
    const [a, b, c] = await Promise.all([put(), put(), put()]);
    assert.deepEqual(a, b);
    assert.deepEqual(b, c);
    const all = await Array.fromAsync(blobs.list(Date.now() + 60_000));
    assert.deepEqual(all, [a.hash]);
    assert.deepEqual(
      await Array.fromAsync(blobs.list(Date.now() - 60_000)),
      [],
    );
    await blobs.remove(a.hash);
    await blobs.remove(a.hash);
    await assert.rejects(blobs.open(a.hash), notFound);
  }));

Deno.test("a body that breaks off leaves nothing behind", () =>
  withBlobs(async (blobs, folder) => {
    const broken = new ReadableStream<Uint8Array>({
      start(controller): void {
        controller.enqueue(bytesOf(10));
      },
      pull(controller): void {
        controller.error(new Error("gone"));
      },
    });
    await assert.rejects(blobs.put(broken), /gone/);
    assert.deepEqual([...Deno.readDirSync(`${folder}/tmp`)], []);
    assert.deepEqual(await Array.fromAsync(blobs.list(Infinity)), []);
  }));

Deno.test("names that are no hash reach no file", () =>
  withBlobs(async (blobs) => {
    const names = [
      "",
      "..",
      "../x",
      "a".repeat(63),
      "A".repeat(64),
      "/".repeat(64),
    ];
    for (const name of names) {
      await assert.rejects(blobs.open(name), notFound, name);
      await assert.rejects(blobs.remove(name), notFound, name);
    }
  }));

Deno.test("temporary files that a crash left are removed when they are old", () =>
  withBlobs(async (blobs, folder) => {
    await Deno.writeTextFile(`${folder}/tmp/left`, "x");
    await blobs.removeAbandoned(Date.now() - 60_000);
    assert.equal([...Deno.readDirSync(`${folder}/tmp`)].length, 1);
    await blobs.removeAbandoned(Date.now() + 60_000);
    assert.equal([...Deno.readDirSync(`${folder}/tmp`)].length, 0);
  }));

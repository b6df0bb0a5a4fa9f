/**
 * The messages of `tests/fixtures/messages`, compared with what Python's email
 * package finds in them, and cut at every byte.
 */
import assert from "node:assert/strict";
import { encodeBase64 } from "#src/bytes/base64.ts";
import { MemoryBody } from "#src/message/body.ts";
import { decodeTransfer } from "#src/message/decode_part.ts";
import { findHeaderEnd, HeaderBlock } from "#src/message/header_block.ts";
import type { MessageSummary, PartRange } from "./summary.ts";
import {
  summarize,
  summarizeBytes,
  SummaryBuilder,
} from "./summary_builder.ts";

const FIXTURES = new URL("../../tests/fixtures/messages/", import.meta.url);

interface Fixture {
  readonly name: string;
  readonly path: string;
  readonly header: HeaderBlock;
  readonly body: Uint8Array;
}

function fixtures(): readonly Fixture[] {
  const found: Fixture[] = [];
  for (const entry of Deno.readDirSync(FIXTURES)) {
    if (!entry.name.endsWith(".eml")) continue;
    const url = new URL(entry.name, FIXTURES);
    const bytes = Deno.readFileSync(url);
    const end = findHeaderEnd(bytes) ?? bytes.length;
    found.push({
      name: entry.name.slice(0, -4),
      path: url.pathname,
      header: new HeaderBlock(bytes.subarray(0, end)),
      body: bytes.subarray(end),
    });
  }
  return found.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** What both sides are compared by. */
interface Tree {
  readonly type: string;
  readonly children?: readonly Tree[];
  readonly message?: Tree;
  readonly raw?: string;
  readonly decoded?: string;
  readonly filename?: string;
}

function treeOf(range: PartRange, body: Uint8Array): Tree {
  const type = range.type;
  if (range.children !== undefined && range.children.length > 0) {
    return { type, children: range.children.map((one) => treeOf(one, body)) };
  }
  if (range.message !== undefined) {
    return { type, message: treeOf(range.message, body) };
  }
  const raw = body.subarray(range.bodyStart, range.bodyEnd);
  return {
    type,
    raw: encodeBase64(raw),
    decoded: encodeBase64(decodeTransfer(raw, range.encoding)),
    ...range.filename === undefined ? {} : { filename: range.filename },
  };
}

/**
 * Where Python decides differently: it reads `message/delivery-status` as a
 * list of headers, and takes the last line break off a part that ends with the
 * message instead of with a boundary.
 */
const DIFFERENT: ReadonlySet<string> = new Set(["report", "unterminated"]);

Deno.test("the MIME tree is the one that Python's email package finds", async () => {
  const all = fixtures().filter(({ name }) => !DIFFERENT.has(name));
  const script = new URL("structure.py", FIXTURES).pathname;
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command("python3", {
      args: [script, ...all.map(({ path }) => path)],
    }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    // deno-lint-ignore no-console -- says why nothing was compared
    console.log("SKIPPED: python3 is not installed");
    return;
  }
  assert.ok(output.success, new TextDecoder().decode(output.stderr));
  const trees: readonly unknown[] = JSON.parse(
    new TextDecoder().decode(output.stdout),
  );
  const own = all.map(({ name, header, body }) =>
    [name, treeOf(summarizeBytes(header, body).structure, body)] as const
  );
  assert.deepEqual(
    Object.fromEntries(own),
    Object.fromEntries(all.map(({ name }, i) => [name, trees[i]])),
  );
});

Deno.test("a message cut anywhere has the same summary", () => {
  for (const { name, header, body } of fixtures()) {
    const whole = summarizeBytes(header, body);
    for (let cut = 0; cut <= body.length; cut++) {
      const builder = new SummaryBuilder(header);
      builder.write(body.subarray(0, cut)).write(body.subarray(cut));
      assertSame(builder.finish(), whole, `${name} at ${cut}`);
    }
    const bytewise = new SummaryBuilder(header);
    for (const byte of body) bytewise.write(Uint8Array.of(byte));
    assertSame(bytewise.finish(), whole, `${name} byte by byte`);
  }
});

/** `deepEqual` on a text: much faster over thousands of rounds. */
function assertSame(
  found: MessageSummary,
  expected: MessageSummary,
  where: string,
): void {
  if (textOf(found) !== textOf(expected)) {
    assert.deepEqual(found, expected, where);
  }
}

function textOf(summary: MessageSummary): string {
  const decoder = new TextDecoder("latin1");
  return JSON.stringify({
    ...summary,
    envelope: decoder.decode(summary.envelope),
    bodyStructure: decoder.decode(summary.bodyStructure),
    bodyBasic: decoder.decode(summary.bodyBasic),
  });
}

Deno.test("summarize() reads a spooled body in chunks of any size", async () => {
  for (const { name, header, body } of fixtures()) {
    const spooled = {
      size: body.length,
      open: (): ReadableStream<Uint8Array> => new MemoryBody(body).open(),
    };
    assertSame(
      await summarize(header, spooled),
      summarizeBytes(header, body),
      name,
    );
  }
});

Deno.test("every prefix of every message has a summary", () => {
  for (const { header, body } of fixtures()) {
    for (let end = 0; end <= body.length; end += 3) {
      const { structure } = summarizeBytes(header, body.subarray(0, end));
      assert.equal(structure.bodyEnd, end);
    }
  }
});

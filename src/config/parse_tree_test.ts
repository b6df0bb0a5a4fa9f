import assert from "node:assert/strict";
import { formatConfig } from "./format_config.ts";
import { MAX_FILE_CHARS } from "./lex.ts";
import type { ConfigNode } from "./node.ts";
import { MAX_DEPTH, parseTree } from "./parse_tree.ts";
import { writeTree } from "./write_tree.ts";

/** Bits of text out of which hostile files are made. */
const PIECES = [
  "word",
  '"quoted word"',
  '"',
  "\\",
  "\\\n",
  "\n",
  "\r\n",
  " ",
  "\t",
  "{",
  "}",
  " { ",
  " }\n",
  "#",
  " # comment\n",
  "<<END\n",
  "END\n",
  "  END\n",
  "{env:X}",
  "{env:",
  "key=",
  'key="a b" ',
  "/re{2}/",
  "(name)",
  "import x\n",
  "\0",
  "\u{1F4E7}",
  "\uFEFF",
];

/** Pseudo-random numbers below `bound`, the same in every run. */
function* numbers(seed: number, bound: number): Generator<number> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    yield (state >> 8) % bound;
  }
}

function* hostileTexts(count: number): Generator<string> {
  const random = numbers(42, PIECES.length);
  for (let i = 0; i < count; i++) {
    let text = "";
    for (let n = 0; n < 5 + i % 40; n++) {
      text += PIECES[random.next().value ?? 0] ?? "";
    }
    yield text;
  }
}

/** The tree without positions and quotes that mean nothing. */
function shape(nodes: readonly ConfigNode[]): unknown {
  return nodes.map(({ name, args, block }) => ({
    name,
    args: args.map(({ text }) => text),
    block: block && shape(block),
  }));
}

Deno.test("parseTree reads any text; mistakes are values with places in it", () => {
  for (const text of hostileTexts(3000)) {
    const lines = text.split("\n");
    const { errors } = parseTree(text, "f");
    for (const { at } of errors) {
      assert.ok(at.line >= 1 && at.line <= lines.length, JSON.stringify(text));
      const length = lines[at.line - 1]?.length ?? 0;
      assert.ok(at.column >= 1 && at.column <= length + 1);
    }
  }
});

Deno.test("writeTree writes what parseTree reads as the same tree", () => {
  let valid = 0;
  for (const text of hostileTexts(6000)) {
    const { nodes, errors } = parseTree(text, "f");
    if (errors.length > 0) continue;
    valid++;
    const written = writeTree(nodes);
    const again = parseTree(written, "f");
    assert.deepEqual(again.errors, [], `${text}\n---\n${written}`);
    assert.deepEqual(shape(again.nodes), shape(nodes), text);
  }
  assert.ok(valid > 300, `${valid} valid texts are too few to show anything`);
});

Deno.test("formatConfig is idempotent and keeps the tree", () => {
  for (const text of hostileTexts(6000)) {
    const once = formatConfig(text, "f");
    if (!once.ok) continue;
    const twice = formatConfig(once.text, "f");
    assert.deepEqual(twice, once, JSON.stringify(text));
    assert.deepEqual(
      shape(parseTree(once.text, "f").nodes),
      shape(parseTree(text, "f").nodes),
      JSON.stringify(text),
    );
  }
});

Deno.test("every prefix of a file is read without an exception", () => {
  const text =
    'a "b\\n" {env:X} { # c\n  d <<E\n  x\n  E\n  k="v w" \\\n e\n}\n';
  for (let end = 0; end <= text.length; end++) {
    parseTree(text.slice(0, end), "f");
    formatConfig(text.slice(0, end), "f");
  }
});

Deno.test("parseTree limits depth and size", () => {
  const deep = parseTree("a {\n".repeat(10_000) + "}\n".repeat(10_000), "f");
  assert.match(deep.errors[0]?.detail ?? "", /deeper than 100/);
  assert.equal(MAX_DEPTH, 100);
  const long = parseTree("a\n".repeat(MAX_FILE_CHARS), "f");
  assert.deepEqual(long.nodes, []);
  assert.match(long.errors[0]?.detail ?? "", /longer than/);
});

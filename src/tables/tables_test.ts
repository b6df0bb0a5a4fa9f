import assert from "node:assert/strict";
import { FakeClock } from "#tests/support/fake_clock.ts";
import { fakeHost } from "#tests/support/pipeline_bench.ts";
import { file, parseTable } from "./file.ts";
import { regexp } from "./regexp.ts";
import { staticTable } from "./static.ts";

const host = fakeHost({}, "/nonexistent");

Deno.test("static: keys without regard to case, absent is not empty", async () => {
  const { table } = staticTable.create({
    entry: [["a@x.test", ["1"]], ["b", []], ["a@x.test", ["2"]]],
  }, host);
  assert.deepEqual(await table.lookup("A@X.test"), ["1", "2"]);
  assert.deepEqual(await table.lookup("b"), []);
  assert.equal(await table.lookup("constructor"), undefined);
});

Deno.test("regexp: the first match decides and its groups fill in", async () => {
  const { table } = regexp.create({
    match: [
      { source: "^(.*)@old\\.(\\w+)$", flags: "", values: ["$1@new.$2", "$3"] },
      { source: "@", flags: "", values: ["rest"] },
    ],
  }, host);
  assert.deepEqual(await table.lookup("a.b@OLD.test"), ["a.b@new.test", ""]);
  assert.deepEqual(await table.lookup("a@x"), ["rest"]);
  assert.equal(await table.lookup("x"), undefined);
  assert.equal(await table.lookup(`${"a".repeat(2000)}@x`), undefined);
});

Deno.test("file: comments, continued lines, both separators", () => {
  const text = `# aliases
Info: a@x.test, b@x.test
  c@x.test
@old.test  @new.test
"with space": d
none:

info: e
`;
  assert.deepEqual([...parseTable(text)], [
    ["info", ["a@x.test", "b@x.test", "c@x.test", "e"]],
    ["@old.test", ["@new.test"]],
    ["with space", ["d"]],
    ["none", []],
  ]);
});

Deno.test("file: read again when it changes; missing means nobody can tell", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/aliases`;
    const clock = new FakeClock();
    const { table } = file.create(
      { path },
      fakeHost({}, folder, { clock }),
    );
    await assert.rejects(table.lookup("a"), Deno.errors.NotFound);
    await Deno.writeTextFile(path, "a: 1\n");
    assert.deepEqual(await table.lookup("a"), ["1"]);
    await Deno.writeTextFile(path, "a: one\n");
    assert.deepEqual(await table.lookup("a"), ["1"]);
    clock.advance(2000);
    assert.deepEqual(await table.lookup("A"), ["one"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

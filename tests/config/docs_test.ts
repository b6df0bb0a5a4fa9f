/** The generated reference is up to date. */
import assert from "node:assert/strict";
import { parseTree } from "#src/config/parse_tree.ts";
import { parseYaml } from "#src/config/parse_yaml.ts";
import { referencePages, stalePages } from "#scripts/docs.ts";
import { FAKE_MODULES } from "./fake_modules.ts";

Deno.test("docs/reference says what the schemas say (deno task docs)", async () => {
  assert.deepEqual(await stalePages(), []);
});

Deno.test("a reference page names roles, directives, defaults and options", () => {
  const pages = referencePages(FAKE_MODULES);
  const dkim = pages.get("dkim.md") ?? "";
  assert.match(dkim, /Roles: `filter`/);
  assert.match(dkim, /### `public PATH`\n\nPublic keys\.\n\nDefault: dkim\./);
  assert.match(dkim, /## Options\n[^]*### `sign \[true\|false\]`/);
  assert.match(pages.get("dnsbl.md") ?? "", /`lists WORD\.\.\.`[^]*Required\./);
  assert.match(
    pages.get("sample.md") ?? "",
    /### `limits[^]*#### `rate NUMBER`/,
  );
  assert.match(pages.get("README.md") ?? "", /\[`smtp`\]\(smtp\.md\)/);
});

Deno.test("the examples of language.md can be read", async () => {
  const url = new URL("../../docs/reference/language.md", import.meta.url);
  const text = await Deno.readTextFile(url);
  const examples = [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)];
  assert.ok(examples.length >= 3);
  for (const [, language, example = ""] of examples) {
    const { errors } = language === "yaml"
      ? parseYaml(example, "example.yaml")
      : parseTree(example, "example.conf");
    assert.deepEqual(errors, [], example);
  }
});

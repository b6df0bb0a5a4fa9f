/** The generated reference is up to date. */
import assert from "node:assert/strict";
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

import assert from "node:assert/strict";
import { parseDomain } from "./places.ts";

Deno.test("parseDomain gives ASCII lower case and refuses all else", () => {
  assert.equal(parseDomain("Example.ORG"), "example.org");
  assert.equal(parseDomain("example.org."), "example.org");
  assert.equal(parseDomain("localhost"), "localhost");
  assert.equal(parseDomain("bücher.example"), "xn--bcher-kva.example");
  assert.equal(parseDomain("_dmarc.example.org"), "_dmarc.example.org");
  const wrong = [
    "",
    ".",
    "a..b",
    "-a.example",
    "a-.example",
    "exa mple.org",
    "http://example.org",
    "example.org:25",
    "user@example.org",
    "10.0.0.1",
    "[::1]",
    "a/b",
    "a%41",
    `${"a".repeat(64)}.example`,
    `${"a.".repeat(130)}example`,
  ];
  for (const text of wrong) assert.equal(parseDomain(text), undefined, text);
});

import assert from "node:assert/strict";
import { parseYaml } from "./parse_yaml.ts";

Deno.test("parseYaml reads any prefix of a file without an exception", () => {
  const text = `hostname: example.org
domains: [a.example, "b.example"]
? key
: value
smtp 0.0.0.0:25: # comment
  - tls: auto
  - match no local:
      - {delivery: [sqlmail, {}]}
      - "two words"
  - &a x
  - *a
text: |
  several
  lines
--- 
second: document
`;
  for (let end = 0; end <= text.length; end++) {
    const { errors } = parseYaml(text.slice(0, end), "f.yaml");
    for (const { at } of errors) assert.ok(at.line >= 1 && at.column >= 1);
  }
});

Deno.test("parseYaml says no to deep nesting instead of overflowing", () => {
  for (const depth of [200, 5_000, 100_000]) {
    const deep = `a: ${"[".repeat(depth)}${"]".repeat(depth)}`;
    assert.notEqual(parseYaml(deep, "f.yaml").errors.length, 0, `${depth} [`);
    const maps = `${"{a: ".repeat(depth)}${"}".repeat(depth)}`;
    assert.notEqual(parseYaml(maps, "f.yaml").errors.length, 0, `${depth} {`);
  }
});

Deno.test("parseYaml does not expand aliases", () => {
  const bomb = `a: &a [x, x]
b: &b [*a, *a]
c: [*b, *b]
`;
  const { errors } = parseYaml(bomb, "f.yaml");
  assert.notEqual(errors.length, 0);
});

Deno.test("parseYaml takes one document", () => {
  const { errors } = parseYaml("a: b\n---\nc: d\n", "f.yaml");
  assert.match(errors[0]?.detail ?? "", /document/i);
});

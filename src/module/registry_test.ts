import assert from "node:assert/strict";
import { string } from "#src/config/values.ts";
import { type AnyModule, defineModule } from "./define.ts";
import { Registry } from "./registry.ts";

function module(name: string, doc = "Does a thing."): AnyModule {
  return defineModule({
    name,
    version: "1.0.0",
    doc,
    roles: ["table"],
    home: "user",
    config: { word: string({ doc: "A word.", default: "x" }) },
    permissions: () => ({}),
    create: () => ({ table: { lookup: () => Promise.resolve(undefined) } }),
  });
}

Deno.test("Registry finds modules by name, in the order of the list", () => {
  const registry = Registry.from([module("b"), module("a")]);
  assert.deepEqual(registry.names(), ["b", "a"]);
  assert.equal(registry.get("a")?.name, "a");
  assert.equal(registry.get("c"), undefined);
  assert.equal(registry.get("constructor"), undefined);
});

Deno.test("Registry refuses doubled names, names that are no words, empty docs", () => {
  assert.throws(() => Registry.from([module("a"), module("a")]), /twice/);
  assert.throws(() => Registry.from([module("A b")]), /no plain word/);
  assert.throws(() => Registry.from([module("a", " ")]), /no doc/);
  const bare = { ...module("a"), config: { word: string({ doc: "" }) } };
  assert.throws(() => Registry.from([bare]), /"word" of module "a" has no doc/);
});

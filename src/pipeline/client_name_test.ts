import assert from "node:assert/strict";
import { FakeResolver } from "#tests/support/fake_resolver.ts";
import { lookUpClientName } from "./client_name.ts";

const ADDRESS = "192.0.2.1";

Deno.test("a name that is no host name is never confirmed", async () => {
  const names = [
    "x)(y.test",
    "a\r\nSubject:b.test",
    "a b.test",
    'a"b.test',
    "<a@b.test>",
    "a;b.test",
    "\u00e9.test",
    "",
  ];
  for (const name of names) {
    const resolver = new FakeResolver({
      [ADDRESS]: { ptr: [name] },
      [name]: { a: [ADDRESS] },
    });
    const found = await lookUpClientName(ADDRESS, resolver);
    assert.deepEqual([found.result, found.name], ["fail", ""], name);
    assert.deepEqual(resolver.queries.slice(1), [], name);
  }
});

Deno.test("a host name that points back is confirmed, also with underscore", async () => {
  const resolver = new FakeResolver({
    [ADDRESS]: { ptr: ["bad name.test", "mail_1.a-b.test"] },
    "mail_1.a-b.test": { a: [ADDRESS] },
  });
  const found = await lookUpClientName(ADDRESS, resolver);
  assert.deepEqual([found.result, found.name], ["pass", "mail_1.a-b.test"]);
});

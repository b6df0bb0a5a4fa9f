import assert from "node:assert/strict";
import type { Table } from "#src/module/roles/table.ts";
import { FaultyDelivery } from "#tests/support/faulty_delivery.ts";
import { PipelineBench } from "#tests/support/pipeline_bench.ts";
import { expandAddress } from "./rewrite.ts";

const DOMAINS = new Set(["example.org"]);

function tableOf(
  entries: Readonly<Record<string, readonly string[]>>,
): Table {
  const map = new Map(Object.entries(entries));
  return { lookup: (key) => Promise.resolve(map.get(key)) };
}

const expand = (
  address: string,
  entries: Readonly<Record<string, readonly string[]>>,
): Promise<readonly string[] | undefined> =>
  expandAddress(address, tableOf(entries), DOMAINS);

Deno.test("addresses are found whole, without plus, by local part, by domain", async () => {
  const found = await Promise.all([
    expand("Info@Example.org", { "info@example.org": ["a@x.test"] }),
    expand("info+news@example.org", { "info@example.org": ["a@x.test"] }),
    expand("info@example.org", { info: ["a", "@x.test"] }),
    expand("any@example.org", { "@example.org": ["box@example.org"] }),
    expand("info@elsewhere.test", { info: ["a"] }),
    expand("any@old.test", { "@old.test": ["@example.org"] }),
  ]);
  assert.deepEqual(found, [
    ["a@x.test"],
    ["a@x.test"],
    ["a@example.org", "info@x.test"],
    ["box@example.org"],
    undefined,
    ["any@example.org"],
  ]);
});

Deno.test("lists of lists expand once each; a list may name itself", async () => {
  const found = await expand("all@example.org", {
    "all@example.org": ["team@example.org", "boss@example.org"],
    "team@example.org": ["a@example.org", "boss@example.org"],
    "boss@example.org": ["boss@example.org", "copy@x.test"],
  });
  assert.deepEqual(found?.toSorted(), [
    "a@example.org",
    "boss@example.org",
    "copy@x.test",
  ]);
});

Deno.test("circles and explosions end in a refusal", async () => {
  const circle = { "a@x.test": ["b@x.test"], "b@x.test": ["a@x.test"] };
  await assert.rejects(expand("a@x.test", circle), /circle/);
  const growing: Table = {
    lookup: (key) => Promise.resolve([`1${key}`, `2${key}`]),
  };
  await assert.rejects(expandAddress("a@x.test", growing, DOMAINS), /circle/);
  await assert.rejects(expand("a@x.test", { "a@x.test": [] }), /No such/);
});

Deno.test("an alias delivers to all of its addresses, each its own way", async () => {
  const box = new FaultyDelivery();
  const queue = new FaultyDelivery();
  const bench = new PipelineBench(
    `rewrite rcpt aliases
     match local {
       delivery box
     }
     match no local {
       delivery queue
     }`,
    {
      tables: {
        aliases: tableOf({
          "all@example.org": ["a@example.org", "b@elsewhere.test"],
          "both@example.org": ["a@example.org"],
        }),
      },
      deliveries: { box, queue },
    },
  );
  const sent = await bench.send(["all@example.org", "both@example.org"]);
  assert.deepEqual(sent.results, [undefined, undefined]);
  assert.deepEqual(
    box.delivered.map((d) => [d.rcptTo, d.original]),
    [["a@example.org", "all@example.org"]],
  );
  assert.deepEqual(queue.recipients, ["b@elsewhere.test"]);
});

Deno.test("a rewritten sender is what conditions and deliveries see", async () => {
  const box = new FaultyDelivery();
  const bench = new PipelineBench(
    `rewrite from senders
     match from-domain example.org {
       delivery box
     }`,
    {
      tables: { senders: tableOf({ "@sender.test": ["@example.org"] }) },
      deliveries: { box },
    },
  );
  assert.deepEqual((await bench.send(["a@example.org"])).results, [undefined]);
  assert.equal(box.delivered[0]?.mailFrom, "bob@example.org");
  // The null sender is never rewritten.
  const bounce = await bench.send(["a@example.org"], { from: "" });
  assert.deepEqual(bounce.refused, { "a@example.org": "550 5.1.1" });
});

Deno.test("a table that cannot answer defers the mail", async () => {
  const broken: Table = {
    lookup: () => Promise.reject(new Error("no database")),
  };
  const bench = new PipelineBench("rewrite rcpt broken\ndelivery box", {
    tables: { broken },
    deliveries: { box: new FaultyDelivery() },
  });
  await assert.rejects(
    async () => {
      const sent = await bench.send(["a@example.org"]);
      assert.notDeepEqual(sent.refused, {});
      throw new Error(JSON.stringify(sent.refused));
    },
  );
});

Deno.test("postmaster without a domain reaches the postmaster", async () => {
  const box = new FaultyDelivery();
  const bench = new PipelineBench("match local {\n delivery box\n}", {
    deliveries: { box },
  });
  await bench.send(["PostMaster"]);
  assert.deepEqual(
    box.delivered.map((d) => [d.rcptTo, d.original]),
    [["postmaster@example.org", "PostMaster"]],
  );
});

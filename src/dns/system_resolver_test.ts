import assert from "node:assert/strict";
import { DnsError } from "./resolver.ts";
import { SystemResolver } from "./system_resolver.ts";
import { DnsServer, type Zone } from "#tests/support/dns_server.ts";
import { freePorts } from "#tests/support/free_ports.ts";

const ZONE: Zone = {
  "a.test": { A: ["192.0.2.1", "192.0.2.2"], AAAA: ["2001:db8::1"] },
  "alias.test": { CNAME: "a.test" },
  "dangling.test": { CNAME: "nowhere.test" },
  "loop.test": { CNAME: "loop.test" },
  "mail.test": { MX: [[20, "b.test"], [10, "a.test"]] },
  "null.test": { MX: [[0, ""]] },
  "bad.test": { fail: "SERVFAIL" },
  "refused.test": { fail: "REFUSED" },
  "silent.test": { fail: "timeout" },
  "cut.test": { fail: "truncated" },
  "big.test": {
    TXT: Array.from({ length: 40 }, (_, i) => ["x".repeat(200), `y${i}`]),
  },
  "1.2.0.192.in-addr.arpa": { PTR: ["Host.TEST"] },
};

async function withResolver(
  use: (resolver: SystemResolver, server: DnsServer) => Promise<void>,
): Promise<void> {
  const server = await DnsServer.start(ZONE);
  const resolver = new SystemResolver({
    servers: [{ address: "127.0.0.1", port: server.port }],
    timeoutMs: 300,
  });
  try {
    await use(resolver, server);
  } finally {
    await server.stop();
  }
}

const kind = (wanted: string) => (error: unknown) =>
  error instanceof DnsError && error.kind === wanted;

Deno.test("the resolver gives addresses, also behind an alias", async () => {
  await withResolver(async (resolver) => {
    assert.deepEqual(await resolver.a("a.test"), ["192.0.2.1", "192.0.2.2"]);
    assert.deepEqual(await resolver.a("alias.test"), [
      "192.0.2.1",
      "192.0.2.2",
    ]);
    assert.deepEqual(await resolver.aaaa("A.Test"), ["2001:db8::1"]);
  });
});

Deno.test("the resolver sorts MX by preference and knows null MX", async () => {
  await withResolver(async (resolver) => {
    assert.deepEqual(await resolver.mx("mail.test"), [
      { preference: 10, exchange: "a.test" },
      { preference: 20, exchange: "b.test" },
    ]);
    assert.deepEqual(await resolver.mx("null.test"), [
      { preference: 0, exchange: "" },
    ]);
  });
});

Deno.test("the resolver gives names of an address in lower case", async () => {
  await withResolver(async (resolver) => {
    assert.deepEqual(await resolver.ptr("192.0.2.1"), ["host.test"]);
    await assert.rejects(resolver.ptr("192.0.2.9"), kind("nxdomain"));
    await assert.rejects(resolver.ptr("nonsense"), kind("nxdomain"));
  });
});

Deno.test("the resolver asks again over TCP for a long answer", async () => {
  await withResolver(async (resolver) => {
    const records = await resolver.txt("big.test");
    assert.equal(records.length, 40);
    assert.deepEqual(records[39], ["x".repeat(200), "y39"]);
  });
});

Deno.test("the resolver tells the kinds of failure apart", async () => {
  await withResolver(async (resolver) => {
    await assert.rejects(resolver.a("absent.test"), kind("nxdomain"));
    await assert.rejects(resolver.mx("a.test"), kind("nodata"));
    await assert.rejects(resolver.a("bad.test"), kind("servfail"));
    await assert.rejects(resolver.a("refused.test"), kind("servfail"));
    await assert.rejects(resolver.a("silent.test"), kind("timeout"));
    // What is cut off over TCP too says nothing about what is not in it.
    await assert.rejects(resolver.mx("cut.test"), kind("servfail"));
    await assert.rejects(resolver.a("loop.test"), kind("nodata"));
    await assert.rejects(resolver.a("dangling.test"), DnsError);
  });
});

Deno.test("the resolver never sends names that cannot be", async () => {
  await withResolver(async (resolver, server) => {
    for (const name of ["", "a..test", `${"x".repeat(64)}.test`, "a b.test"]) {
      await assert.rejects(resolver.a(name), kind("nxdomain"), name);
    }
    assert.deepEqual(server.queries, []);
  });
});

Deno.test("the resolver goes on to the next server", async () => {
  await withResolver(async (_, server) => {
    const [dead = 0] = freePorts(1);
    const resolver = new SystemResolver({
      servers: [
        { address: "127.0.0.1", port: dead },
        { address: "127.0.0.1", port: server.port },
      ],
      timeoutMs: 200,
    });
    assert.deepEqual(await resolver.aaaa("a.test"), ["2001:db8::1"]);
  });
});

Deno.test("a name server that is not there is noticed at once", async () => {
  const [dead = 0] = freePorts(1);
  const resolver = new SystemResolver({
    servers: [{ address: "127.0.0.1", port: dead }],
    timeoutMs: 3_600_000,
  });
  await assert.rejects(resolver.a("a.test"), kind("servfail"));
});

Deno.test("an aborted question ends with the reason of the signal", async () => {
  await withResolver(async (resolver) => {
    const reason = new Error("given up");
    const controller = new AbortController();
    const asking = resolver.a("silent.test", controller.signal);
    controller.abort(reason);
    await assert.rejects(asking, reason);
  });
});

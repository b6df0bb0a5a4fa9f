import assert from "node:assert/strict";
import {
  dnsNetPermissions,
  nameServers,
  parseNameServer,
  parseResolvConf,
} from "./name_servers.ts";

Deno.test("name servers are read with and without port", () => {
  assert.deepEqual(parseNameServer("127.0.0.1:5353"), {
    address: "127.0.0.1",
    port: 5353,
  });
  assert.deepEqual(parseNameServer("9.9.9.9"), {
    address: "9.9.9.9",
    port: 53,
  });
  assert.deepEqual(parseNameServer("[::1]:5353"), {
    address: "::1",
    port: 5353,
  });
  assert.deepEqual(parseNameServer("2001:db8::1"), {
    address: "2001:db8::1",
    port: 53,
  });
  for (const text of ["", "host:53", "127.0.0.1:0", "127.0.0.1:70000"]) {
    assert.equal(parseNameServer(text), undefined, text);
  }
  assert.deepEqual(nameServers("127.0.0.1:9"), [{
    address: "127.0.0.1",
    port: 9,
  }]);
});

Deno.test("resolv.conf gives its first three servers", () => {
  const text = "# me\nsearch x\nnameserver 10.0.0.1\nnameserver\t::1 # six\n" +
    "nameserver fe80::1%eth0\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n";
  assert.deepEqual(
    parseResolvConf(text).map((server) => server.address),
    ["10.0.0.1", "::1", "10.0.0.2"],
  );
});

Deno.test("permissions for DNS name the servers and a free local port", () => {
  assert.deepEqual(
    dnsNetPermissions([{ address: "127.0.0.1", port: 53 }]),
    ["127.0.0.1:53", "0.0.0.0:0"],
  );
  assert.deepEqual(
    dnsNetPermissions([{ address: "::1", port: 53 }]),
    ["[::1]:53", "[::]:0"],
  );
});

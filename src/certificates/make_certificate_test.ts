import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { makeAuthority, makeLeaf } from "./make_certificate.ts";

const NOW = Date.UTC(2026, 0, 1);

Deno.test("a leaf is signed by its authority and stands for all names", () => {
  const authority = makeAuthority("Epistle mx.example.org", NOW, 3650);
  const names = ["mx.example.org", "example.org", "localhost", "127.0.0.1"];
  const leaf = makeLeaf(authority, names, NOW, 397);
  const parsed = new X509Certificate(leaf.certificate);
  const issuer = new X509Certificate(authority.certificate);
  assert.ok(parsed.verify(issuer.publicKey));
  assert.ok(parsed.checkIssued(issuer));
  assert.ok(!parsed.ca);
  assert.ok(issuer.ca);
  for (const name of names.slice(0, 3)) {
    assert.equal(parsed.checkHost(name), name);
  }
  assert.equal(parsed.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(parsed.checkHost("other.example.org"), undefined);
  assert.equal(parsed.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
});

Deno.test("rustls and OpenSSL take a leaf whose authority they trust", async () => {
  const authority = makeAuthority("Test", Date.now(), 3650);
  const leaf = makeLeaf(authority, ["localhost"], Date.now(), 397);
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: leaf.certificate,
    key: leaf.key,
  });
  const accepted = listener.accept().then(async (connection) => {
    await connection.write(new Uint8Array([1]));
    connection.close();
  });
  const client = await Deno.connectTls({
    hostname: "localhost",
    port: listener.addr.port,
    caCerts: [authority.certificate],
  });
  assert.equal(await client.read(new Uint8Array(8)), 1);
  client.close();
  await accepted;
  listener.close();
});

Deno.test("each certificate has a key and a serial number of its own", () => {
  const one = makeAuthority("Test", NOW, 10);
  const two = makeAuthority("Test", NOW, 10);
  assert.notEqual(one.key, two.key);
  assert.notEqual(
    new X509Certificate(one.certificate).serialNumber,
    new X509Certificate(two.certificate).serialNumber,
  );
});

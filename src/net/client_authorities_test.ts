/** Whose certificates of clients are believed. */
import assert from "node:assert/strict";
import {
  type CertificateFiles,
  makeClientAuthority,
  makeClientCertificate,
} from "#tests/support/client_certificates.ts";
import { inFolder } from "#tests/support/in_folder.ts";
import { peerTest } from "#tests/support/peer.ts";
import { ClientAuthorities } from "./client_authorities.ts";
import { firstCertificate } from "./first_certificate.ts";

const DAY_MS = 86_400_000;

async function derOf({ certificate }: CertificateFiles): Promise<Uint8Array> {
  return firstCertificate(await Deno.readTextFile(certificate));
}

peerTest("addresses of a certificate count where the authority signed it", [
  "openssl",
], () =>
  inFolder(async (folder) => {
    const ours = await makeClientAuthority(folder, "ours");
    const theirs = await makeClientAuthority(folder, "theirs");
    // What is made next begins now.
    let now = Date.now() + 60_000;
    const believed = new ClientAuthorities(
      await Deno.readTextFile(ours.certificate),
      () => now,
    );
    let made = 0;
    const addresses = async (
      authority: CertificateFiles,
      extensions: string,
    ): Promise<readonly string[]> =>
      believed.addressesOf(
        await derOf(
          await makeClientCertificate(folder, authority, {
            name: `client${++made}`,
            extensions,
          }),
        ),
      );
    const san = "subjectAltName=email:u@example.test,email:v@example.test\n";
    const both = ["u@example.test", "v@example.test"];
    assert.deepEqual(await addresses(ours, san), both);
    assert.deepEqual(await addresses(theirs, san), []);
    const usage = (words: string): string =>
      `${san}extendedKeyUsage=critical,${words}\n`;
    assert.deepEqual(await addresses(ours, usage("clientAuth")), both);
    assert.deepEqual(await addresses(ours, usage("serverAuth")), []);
    assert.deepEqual(
      await addresses(ours, usage("serverAuth,clientAuth")),
      both,
    );
    // Names of another kind are no addresses, whatever they look like.
    assert.deepEqual(
      await addresses(ours, "subjectAltName=@n\n[n]\nDNS.1=a,email:x@y.test\n"),
      [],
    );
    assert.deepEqual(await addresses(ours, "keyUsage=digitalSignature\n"), []);
    // An authority is no client that it has signed; its name is no address.
    assert.deepEqual(believed.addressesOf(await derOf(ours)), []);
    const good = await derOf(
      await makeClientCertificate(folder, ours, {
        name: "good",
        extensions: san,
      }),
    );
    now += 11 * DAY_MS;
    assert.deepEqual(believed.addressesOf(good), []);
    now -= 12 * DAY_MS;
    assert.deepEqual(believed.addressesOf(good), []);
    now += DAY_MS;
    assert.deepEqual(believed.addressesOf(good), both);
    for (let at = 0; at < good.length; at += 7) {
      // Whatever is changed, nobody signed it; and nothing throws.
      const changed = good.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x55;
      assert.deepEqual(believed.addressesOf(changed), [], `at ${at}`);
      assert.deepEqual(believed.addressesOf(good.subarray(0, at)), []);
    }
  }));

Deno.test("a file without a certificate is refused", () => {
  assert.throws(
    () => new ClientAuthorities("-----BEGIN PRIVATE KEY-----", Date.now),
    TypeError,
  );
});

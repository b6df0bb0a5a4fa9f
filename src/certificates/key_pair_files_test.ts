import assert from "node:assert/strict";
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { inFolder } from "#tests/support/in_folder.ts";
import { KeyPairFiles } from "./key_pair_files.ts";
import { makeAuthority, makeLeaf } from "./make_certificate.ts";

const authority = makeAuthority("Test", Date.now(), 30);
const one = makeLeaf(authority, ["one.test"], Date.now(), 30);
const two = makeLeaf(authority, ["two.test"], Date.now(), 30);

/** The files of a pair with what they hold. */
async function pair(
  folder: string,
  certificate: string,
  key: string,
): Promise<KeyPairFiles> {
  const paths = { chain: `${folder}/chain.pem`, key: `${folder}/key.pem` };
  await Deno.writeTextFile(paths.chain, certificate);
  await Deno.writeTextFile(paths.key, key);
  return new KeyPairFiles([paths], SYSTEM_CLOCK, SILENT_LOG);
}

Deno.test("a pair that cannot work says which file is wrong", () =>
  inFolder(async (folder) => {
    const { certificate, key } = one;
    await assert.rejects(
      (await pair(folder, "x", key)).load(),
      /chain\.pem holds no PEM certificate/,
    );
    await assert.rejects(
      (await pair(folder, certificate, "x")).load(),
      /key\.pem holds no PEM private key/,
    );
    await assert.rejects(
      (await pair(folder, certificate, two.key)).load(),
      /key\.pem is not the key of .*chain\.pem/,
    );
    await (await pair(folder, certificate, key)).load();
  }));

Deno.test("while only one file of a pair is replaced, the old pair serves", () =>
  inFolder(async (folder) => {
    const files = await pair(folder, one.certificate, one.key);
    await files.load();
    await Deno.writeTextFile(`${folder}/chain.pem`, two.certificate);
    assert.ok(!await files.look());
    assert.equal((await files.get(undefined))?.key, one.key);
    await Deno.writeTextFile(`${folder}/key.pem`, two.key);
    assert.ok(await files.look());
    assert.equal((await files.get(undefined))?.key, two.key);
  }));

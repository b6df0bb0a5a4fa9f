import assert from "node:assert/strict";
import { inFolder } from "#tests/support/in_folder.ts";
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { SILENT_LOG } from "#src/log/log.ts";
import { FakeClock } from "#tests/support/fake_clock.ts";
import { KeyPairFiles } from "./key_pair_files.ts";
import { ensureSelfSigned } from "./self_signed_files.ts";
import { selfSignedPaths } from "./self_signed_paths.ts";

const NOW = Date.UTC(2026, 0, 1);
const DAY_MS = 24 * 60 * 60 * 1000;

Deno.test("what was made stays until it has to be made again", () =>
  inFolder(async (folder) => {
    const { chain } = selfSignedPaths(folder);
    await ensureSelfSigned(folder, ["a.test"], NOW);
    const first = await Deno.readTextFile(chain);
    await ensureSelfSigned(folder, ["a.test"], NOW + 300 * DAY_MS);
    assert.equal(await Deno.readTextFile(chain), first);
    await ensureSelfSigned(folder, ["a.test", "b.test"], NOW + 300 * DAY_MS);
    const second = await Deno.readTextFile(chain);
    assert.notEqual(second, first);
    assert.equal(new X509Certificate(second).checkHost("b.test"), "b.test");
    await ensureSelfSigned(folder, ["a.test"], NOW + 650 * DAY_MS);
    assert.notEqual(await Deno.readTextFile(chain), second);
  }));

Deno.test("an authority stays the same when the leaf is renewed", () =>
  inFolder(async (folder) => {
    const path = join(folder, "authority.pem");
    await ensureSelfSigned(folder, ["a.test"], NOW);
    const first = await Deno.readTextFile(path);
    await ensureSelfSigned(folder, ["a.test"], NOW + 500 * DAY_MS);
    assert.equal(await Deno.readTextFile(path), first);
  }));

Deno.test("keys can be read by nobody else", () =>
  inFolder(async (folder) => {
    await ensureSelfSigned(folder, ["a.test"], NOW);
    for (const name of ["key.pem", "authority-key.pem"]) {
      const { mode } = await Deno.stat(join(folder, name));
      assert.equal((mode ?? 0) & 0o777, 0o600);
    }
  }));

Deno.test("changed files are noticed, unusable ones keep the old pair", () =>
  inFolder(async (folder) => {
    const paths = selfSignedPaths(folder);
    await ensureSelfSigned(folder, ["a.test"], NOW);
    const files = new KeyPairFiles([paths], new FakeClock(NOW), SILENT_LOG);
    await files.load();
    let changes = 0;
    const unwatch = files.onChange(() => changes++);
    assert.ok(!(await files.look()));
    const first = await files.get(undefined);
    await Deno.writeTextFile(paths.chain, "nonsense");
    assert.ok(!(await files.look()));
    assert.deepEqual(await files.get("a.test"), first);
    await ensureSelfSigned(folder, ["b.test"], NOW);
    assert.ok(await files.look());
    assert.notDeepEqual(await files.get(undefined), first);
    assert.equal(changes, 1);
    unwatch();
  }));

Deno.test("the pair is chosen by the name, wildcards by their first label", () =>
  inFolder(async (folder) => {
    const made = [["a.test"], ["*.b.test"]].map((names, i) => ({
      names,
      folder: join(folder, String(i)),
    }));
    for (const { names, folder } of made) {
      await ensureSelfSigned(folder, names, NOW);
    }
    const files = new KeyPairFiles(
      made.map(({ folder }) => selfSignedPaths(folder)),
      new FakeClock(NOW),
      SILENT_LOG,
    );
    await files.load();
    const [first, second] = await Promise.all([
      files.get(undefined),
      files.get("MX.b.test"),
    ]);
    assert.notDeepEqual(first, second);
    assert.deepEqual(await files.get("a.test"), first);
    assert.deepEqual(await files.get("x.y.b.test"), first);
    assert.deepEqual(await files.get("unknown.test"), first);
  }));

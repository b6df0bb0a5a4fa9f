import assert from "node:assert/strict";
import { DISK_SOURCE } from "./disk_source.ts";

Deno.test("DISK_SOURCE lists the files that fit a pattern, sorted, without hidden ones", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const name of ["b.conf", "a.conf", ".c.conf", "d.txt"]) {
      await Deno.writeTextFile(`${folder}/${name}`, name);
    }
    await Deno.mkdir(`${folder}/e.conf`);
    assert.deepEqual(
      DISK_SOURCE.glob(`${folder}/*.conf`),
      [`${folder}/a.conf`, `${folder}/b.conf`],
    );
    assert.deepEqual(DISK_SOURCE.glob(`${folder}/nowhere/*.conf`), []);
    assert.equal(DISK_SOURCE.readText(`${folder}/a.conf`), "a.conf");
    assert.throws(() => DISK_SOURCE.readText(`${folder}/nowhere`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Room on the disk is looked at before mail is taken. */
import assert from "node:assert/strict";
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { FakeClock } from "#tests/support/fake_clock.ts";
import { inFolder } from "#tests/support/in_folder.ts";
import { FreeSpace } from "./free_space.ts";

Deno.test("so much has to stay free, and a look is believed for a while", async () => {
  const clock = new FakeClock();
  let free = 1_000;
  let looks = 0;
  const space = new FreeSpace({
    folder: "/x",
    minBytes: 400,
    clock,
    log: SILENT_LOG,
    look: () => Promise.resolve((looks++, free)),
  });
  assert.deepEqual(
    await Promise.all([space.has(0), space.has(600), space.has(601)]),
    [true, true, false],
  );
  free = 399;
  assert.ok(await space.has(0));
  assert.equal(looks, 1);
  clock.advance(2_000);
  assert.ok(!await space.has(0));
  assert.equal(looks, 2);
});

Deno.test("without a reserve nothing is looked at", async () => {
  const space = new FreeSpace({
    folder: "/x",
    minBytes: 0,
    clock: new FakeClock(),
    log: SILENT_LOG,
    look: () => Promise.reject(new Error("looked")),
  });
  assert.ok(await space.has(1e15));
});

Deno.test("where nobody can tell, there is room", () =>
  inFolder(async (folder) => {
    const of = (where: string): FreeSpace =>
      new FreeSpace({
        folder: where,
        minBytes: 1,
        clock: SYSTEM_CLOCK,
        log: SILENT_LOG,
      });
    await Deno.writeTextFile(`${folder}/file`, "");
    assert.ok(await of(`${folder}/file`).has(1));
    // A real file system: it has some room, and not all that one can think of.
    assert.ok(await of(`${folder}/new`).has(1));
    assert.ok(!await of(`${folder}/new`).has(2 ** 60));
  }));

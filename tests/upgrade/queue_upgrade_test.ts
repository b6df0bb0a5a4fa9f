/** A queue that an older version wrote is read and delivered. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { SILENT_LOG } from "#src/log/log.ts";
import { QueueEngine } from "#src/queue/engine.ts";
import { QueueAdmin } from "#src/queue/queue_admin.ts";
import type { MessageView } from "#src/queue/queued.ts";
import { QUEUE_SCHEMA } from "#src/queue/schema.ts";
import { DEFAULT_SCHEDULE } from "#src/queue/schedule.ts";
import { FakeClock } from "#tests/support/fake_clock.ts";
import { FakeDelivery } from "#tests/support/fake_delivery.ts";
import { inFolder } from "#tests/support/in_folder.ts";
import { until } from "#tests/support/until.ts";

/** A queue over what is in the folder. */
function engineIn(folder: string, target: FakeDelivery): QueueEngine {
  return new QueueEngine({
    folder,
    hostname: "here.test",
    schedule: DEFAULT_SCHEDULE,
    concurrency: 10,
    domainConcurrency: 10,
    batch: 10,
    delayWarning: 0,
    inlineSize: 1_000,
    accountLimits: { messages: 10, newRecipients: 10 },
  }, {
    clock: new FakeClock(),
    log: SILENT_LOG,
    random: () => 0,
    target: () => target,
    bounce: () => target,
    isLocal: () => false,
  });
}

for (let schema = 1; schema <= QUEUE_SCHEMA; schema++) {
  Deno.test(`a queue of schema ${schema} is upgraded, and loses nothing`, () =>
    inFolder(async (folder) => {
      const fixture = import.meta.resolve(`./queue_schema_${schema}.db`);
      const path = `${folder}/queue.db`;
      await Deno.copyFile(new URL(fixture), path);
      const target = new FakeDelivery();
      const engine = engineIn(folder, target);
      const list = await new QueueAdmin(() => engine)
        .call("list", {}) as readonly MessageView[];
      assert.deepEqual(
        list.flatMap(({ from, recipients }) =>
          recipients.map(({ address, state, attempts }) =>
            [from, address, state, attempts].join(" ")
          )
        ).toSorted(),
        [
          "ann@here.test bob@far.test queued 1",
          "ann@here.test cid@far.test queued 1",
          "ann@here.test ill@broken.test held 1",
        ],
      );
      engine.start();
      await engine.retry(undefined);
      await until(
        "everything is delivered",
        () => Promise.resolve(target.addresses.length === 3),
      );
      await engine.drain();
      await engine.stop();
      const first = target.delivered.find(({ to }) => to.length === 2);
      assert.equal(first?.envelope.parameters.envid, "E+2B1");
      assert.match(first?.header ?? "", /^Subject: test\r\n/m);
      assert.equal(first?.body, "Hello\r\n");
      const database = new DatabaseSync(path);
      const row = database.prepare("PRAGMA user_version").get();
      database.close();
      assert.equal(row?.["user_version"], QUEUE_SCHEMA);
    }));
}

/**
 * Writes `queue_schema_N.db` for the present schema N of the queue: run it once
 * when a schema is released, and never again for that number.
 *
 *     deno run -A tests/upgrade/make_queue_fixture.ts
 */
import { DatabaseSync } from "node:sqlite";
import { SILENT_LOG } from "#src/log/log.ts";
import { QueueEngine } from "#src/queue/engine.ts";
import { DEFAULT_SCHEDULE } from "#src/queue/schedule.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { FakeClock } from "#tests/support/fake_clock.ts";
import { FakeDelivery } from "#tests/support/fake_delivery.ts";
import {
  sampleEnvelope,
  sampleMessage,
  sampleRecipient,
} from "#tests/support/sample_envelope.ts";
import { until } from "#tests/support/until.ts";

const folder = await Deno.makeTempDir();
const target = new FakeDelivery();
target.answer = (recipient) => {
  if (recipient.address === "ill@broken.test") throw new TypeError("Broken");
  return new SmtpError(451, "3.0", "Later");
};
const engine = new QueueEngine({
  folder,
  hostname: "here.test",
  schedule: DEFAULT_SCHEDULE,
  concurrency: 10,
  domainConcurrency: 10,
  batch: 10,
  delayWarning: 0,
  inlineSize: 1_000,
}, {
  clock: new FakeClock(),
  log: SILENT_LOG,
  random: () => 0,
  target: () => target,
  bounce: () => target,
  isLocal: () => false,
});
engine.start();
const send = async (
  to: readonly string[],
  parameters: Parameters<typeof sampleEnvelope>[1],
): Promise<void> => {
  const message = sampleMessage("Hello\r\n");
  await engine.accept(
    sampleEnvelope("ann@here.test", parameters),
    to.map((address) => sampleRecipient(address, { notify: ["FAILURE"] })),
    message.header.bytes,
    message.body,
  );
};
await send(["bob@far.test", "cid@far.test"], { envid: "E+2B1", ret: "HDRS" });
await send(["ill@broken.test"], {});
await until(
  "every recipient was tried",
  () =>
    Promise.resolve(target.addresses.length >= 3 && engine.leased.size === 0),
);
await engine.stop();
const path = `${folder}/queue.db`;
const database = new DatabaseSync(path);
const row = database.prepare("PRAGMA user_version").get();
// Small pages: most of them are nearly empty.
database.exec("PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM");
database.close();
await Deno.copyFile(
  path,
  new URL(import.meta.resolve(`./queue_schema_${row?.["user_version"]}.db`))
    .pathname,
);
await Deno.remove(folder, { recursive: true });

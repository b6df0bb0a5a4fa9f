/**
 * A queue in a process of its own, for tests that kill it: says `accepted
 * NAME` when a message is on disk and `delivered NAME` when its delivery took
 * it. `feedN` goes on for ever, `drain` ends when the queue is empty.
 */
import { writeSync } from "node:fs";
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { QueueEngine } from "#src/queue/engine.ts";
import { DEFAULT_SCHEDULE } from "#src/queue/schedule.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { FakeDelivery } from "#tests/support/fake_delivery.ts";
import {
  sampleEnvelope,
  sampleMessage,
  sampleRecipient,
} from "#tests/support/sample_envelope.ts";
import { until } from "#tests/support/until.ts";

const STDOUT = 1;
/** Every third body is large enough for a file of its own. */
const INLINE_SIZE = 2_000;
const PARALLEL = 8;

/** Written at once, so that nothing said is lost with the process. */
function say(word: string, name: string): void {
  writeSync(STDOUT, `${word} ${name}\n`);
}

const [folder = "", mode = ""] = Deno.args;
const target = new FakeDelivery();
let asked = 0;
target.answer = (recipient) => {
  // Some stay for later, so that a kill finds mail in every state.
  if (mode !== "drain" && asked++ % 2 === 0) {
    return new SmtpError(451, "3.0", "Later");
  }
  say("delivered", recipient.address);
  return undefined;
};
const engine = new QueueEngine({
  folder,
  hostname: "here.test",
  schedule: DEFAULT_SCHEDULE,
  concurrency: 10,
  domainConcurrency: 3,
  batch: 10,
  delayWarning: 0,
  inlineSize: INLINE_SIZE,
}, {
  clock: SYSTEM_CLOCK,
  log: SILENT_LOG,
  random: Math.random,
  target: () => target,
  bounce: () => target,
  isLocal: () => false,
});
engine.start();
if (mode === "drain") {
  await engine.retry(undefined);
  await until(
    "the queue is empty",
    () => engine.store.counts().messages === 0 && engine.leased.size === 0,
  );
  await engine.drain();
  await engine.stop();
} else {
  let count = 0;
  const feed = async (): Promise<never> => {
    while (true) {
      const n = count++;
      const names = [`${mode}.${n}@a${n % 5}.test`, `${mode}.${n}@b.test`];
      const message = sampleMessage("x".repeat(n % 3 === 0 ? 5_000 : 500));
      await engine.accept(
        sampleEnvelope(),
        names.map((name) => sampleRecipient(name)),
        message.header.bytes,
        message.body,
      );
      for (const name of names) say("accepted", name);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, feed));
}

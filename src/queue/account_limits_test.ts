import assert from "node:assert/strict";
import { SILENT_LOG } from "#src/log/log.ts";
import type { Envelope } from "#src/module/roles/session.ts";
import { FakeClock } from "#tests/support/fake_clock.ts";
import { FakeDelivery } from "#tests/support/fake_delivery.ts";
import {
  sampleEnvelope,
  sampleMessage,
  sampleRecipient,
} from "#tests/support/sample_envelope.ts";
import type { AccountLimitOptions } from "./account_limits.ts";
import { QueueEngine } from "./engine.ts";
import { QueueDelivery } from "./queue_delivery.ts";

const DAY = 86_400_000;

/** Sends from an account to some; the texts of the refusals. */
type Send = (
  account: string | undefined,
  ...to: readonly string[]
) => Promise<readonly string[]>;

/** A queue that is opened anew for each `use`, as after a restart. */
async function withQueue(
  accountLimits: AccountLimitOptions,
  ...uses: readonly ((send: Send, clock: FakeClock) => Promise<void>)[]
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "queue-limits-" });
  const clock = new FakeClock();
  try {
    for (const use of uses) {
      const target = new FakeDelivery();
      const engine = new QueueEngine({
        folder,
        hostname: "here.test",
        schedule: { waits: [1000], maxAge: DAY },
        concurrency: 10,
        domainConcurrency: 10,
        batch: 100,
        delayWarning: 0,
        inlineSize: 1000,
        accountLimits,
      }, {
        clock,
        log: SILENT_LOG,
        random: () => 0,
        target: () => target,
        bounce: () => target,
        isLocal: () => false,
      });
      try {
        await use((account, ...to) => send(engine, account, to), clock);
      } finally {
        await engine.stop();
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function send(
  engine: QueueEngine,
  account: string | undefined,
  to: readonly string[],
): Promise<readonly string[]> {
  const sample = sampleEnvelope();
  const identity = account === undefined
    ? undefined
    : { account, auth: "sqlmail" };
  const envelope: Envelope = {
    ...sample,
    session: { ...sample.session, identity },
  };
  const transaction = await new QueueDelivery(() => engine, 50).start(envelope);
  const refusals: string[] = [];
  for (const address of to) {
    const refusal = await transaction.addRecipient(sampleRecipient(address));
    if (refusal !== undefined) {
      refusals.push(`${address} ${refusal.message}`);
    }
  }
  if (refusals.length === to.length) {
    await transaction.abort();
    return refusals;
  }
  await transaction.body(sampleMessage());
  await transaction.commit();
  return refusals;
}

const FULL = "x@far.test 450 Too many messages today";

Deno.test("an account sends so many messages a day, also over a restart", () =>
  withQueue(
    { messages: 2, newRecipients: 0 },
    async (send) => {
      assert.deepEqual(await send("alice", "x@far.test", "y@far.test"), []);
      assert.deepEqual(await send("alice", "x@far.test"), []);
      assert.deepEqual(await send("alice", "x@far.test"), [FULL]);
      // Others, and mail of nobody's account, are not concerned.
      assert.deepEqual(await send("bob", "x@far.test"), []);
      for (let i = 0; i < 5; i++) {
        assert.deepEqual(await send(undefined, "x@far.test"), []);
      }
    },
    async (send, clock) => {
      assert.deepEqual(await send("alice", "x@far.test"), [FULL]);
      clock.advance(DAY);
      assert.deepEqual(await send("alice", "x@far.test"), []);
    },
  ));

Deno.test("an account writes to so many strangers a day", () =>
  withQueue({ messages: 0, newRecipients: 2 }, async (send, clock) => {
    const refused = (name: string): string =>
      `${name}@far.test 450 Too many new recipients today`;
    assert.deepEqual(
      await send("alice", "a@far.test", "A@FAR.test", "b@far.test"),
      [],
    );
    assert.deepEqual(await send("alice", "a@far.test", "c@far.test"), [
      refused("c"),
    ]);
    assert.deepEqual(await send("bob", "c@far.test"), []);
    clock.advance(DAY);
    assert.deepEqual(
      await send("alice", "a@far.test", "c@far.test", "d@far.test"),
      [],
    );
    assert.deepEqual(await send("alice", "e@far.test"), [refused("e")]);
  }));

Deno.test("what is refused or given up is not counted", () =>
  withQueue({ messages: 1, newRecipients: 1 }, async (send) => {
    assert.deepEqual(await send("alice", "no-domain"), [
      "no-domain 553 Address without domain",
    ]);
    assert.deepEqual(await send("alice", "x@far.test"), []);
    assert.deepEqual(await send("alice", "x@far.test"), [FULL]);
  }));

Deno.test("0 is no limit, and nothing is kept", () =>
  withQueue({ messages: 0, newRecipients: 0 }, async (send) => {
    for (let i = 0; i < 5; i++) {
      assert.deepEqual(await send("alice", `x${i}@far.test`), []);
    }
  }));

/** What the result of an attempt leads to. */
import assert from "node:assert/strict";
import type { AttemptResult } from "./attempt.ts";
import { decide, type Decision } from "./decide.ts";
import type { LastReply, QueuedMessage, QueuedRecipient } from "./queued.ts";

const HOUR = 3_600_000;

const REPLY: LastReply = { code: 451, detail: "4.1", text: "Later", at: 0 };

const RECIPIENT: QueuedRecipient = {
  key: 1,
  recipient: { address: "a@b.test", original: "a@b.test" },
  attempts: 0,
  delayReported: false,
};

/** Of what was made at 0 and may live for ten hours. */
function decided(
  result: AttemptResult,
  now: number,
  message: Partial<QueuedMessage> = {},
  recipient: Partial<QueuedRecipient> = {},
): Decision {
  return decide(
    {
      route: "target",
      createdAt: 0,
      expiresAt: 10 * HOUR,
      ...message,
    } as QueuedMessage,
    { ...RECIPIENT, ...recipient },
    result,
    {
      schedule: { waits: [HOUR, 2 * HOUR], maxAge: 10 * HOUR },
      delayWarning: 4 * HOUR,
      now,
      random: () => 0,
    },
  );
}

Deno.test("a temporary failure is tried again by the schedule, to the end of its life", () => {
  const temporary: AttemptResult = { kind: "temporary", reply: REPLY };
  const nextAt = (now: number, attempts: number): number | undefined => {
    const { change } = decided(temporary, now, {}, { attempts });
    return change.kind === "deferred" ? change.nextAt : undefined;
  };
  assert.equal(nextAt(0, 0), HOUR);
  assert.equal(nextAt(HOUR, 1), 3 * HOUR);
  assert.equal(nextAt(3 * HOUR, 9), 5 * HOUR);
  assert.equal(nextAt(9 * HOUR, 3), 10 * HOUR);
  const last = decided(temporary, 10 * HOUR);
  assert.deepEqual(last.change, { kind: "done" });
  assert.deepEqual(last.outcome, { kind: "failed", reply: REPLY });
});

Deno.test("the sender hears of a delay once", () => {
  const temporary: AttemptResult = { kind: "temporary", reply: REPLY };
  assert.equal(decided(temporary, 4 * HOUR - 1).outcome, undefined);
  const late = decided(temporary, 4 * HOUR);
  assert.deepEqual(late.outcome, { kind: "delayed", reply: REPLY });
  assert.ok(late.change.kind === "deferred" && late.change.delayReported);
  const again = decided(temporary, 5 * HOUR, {}, { delayReported: true });
  assert.equal(again.outcome, undefined);
  assert.ok(again.change.kind === "deferred" && again.change.delayReported);
});

Deno.test("a bounce that is refused here goes out to the world, others fail", () => {
  const permanent: AttemptResult = { kind: "permanent", reply: REPLY };
  assert.deepEqual(decided(permanent, 0), {
    change: { kind: "done" },
    outcome: { kind: "failed", reply: REPLY },
  });
  assert.deepEqual(decided(permanent, 0, { route: "bounce" }), {
    change: { kind: "rerouted" },
  });
});

Deno.test("what breaks is put aside, what is delivered is done", () => {
  assert.deepEqual(decided({ kind: "broken", reply: REPLY }, 0), {
    change: { kind: "held", reply: REPLY },
  });
  assert.deepEqual(decided({ kind: "delivered", dsnPassedOn: true }, 0), {
    change: { kind: "done" },
    outcome: { kind: "delivered", dsnPassedOn: true },
  });
});

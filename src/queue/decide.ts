/** What the result of an attempt leads to. RFC 5321 section 4.5.4.1. Pure. */
import type { AttemptResult } from "./attempt.ts";
import type {
  LastReply,
  QueuedMessage,
  QueuedRecipient,
  RecipientChange,
} from "./queued.ts";
import type { Outcome } from "./report_plan.ts";
import { nextAttempt, type RetrySchedule } from "./schedule.ts";

/** What decides besides the result. Times are milliseconds. */
export interface DecisionRules {
  readonly schedule: RetrySchedule;
  /** Age at which the sender is told of the delay; 0: never. */
  readonly delayWarning: number;
  readonly now: number;
  readonly random: () => number;
}

/** What changes in the queue, and what the sender may be told of it. */
export interface Decision {
  readonly change: RecipientChange;
  readonly outcome?: Outcome;
}

/** What the result of one recipient leads to. */
export function decide(
  message: QueuedMessage,
  recipient: QueuedRecipient,
  result: AttemptResult,
  rules: DecisionRules,
): Decision {
  switch (result.kind) {
    case "delivered":
      return {
        change: { kind: "done" },
        outcome: { kind: "delivered", dsnPassedOn: result.dsnPassedOn },
      };
    case "permanent":
      if (message.route === "bounce") return { change: { kind: "rerouted" } };
      return {
        change: { kind: "done" },
        outcome: { kind: "failed", reply: result.reply },
      };
    case "broken":
      return { change: { kind: "held", reply: result.reply } };
    case "temporary":
      return defer(message, recipient, result.reply, rules);
  }
}

/** Another attempt, or the end of its life. */
function defer(
  message: QueuedMessage,
  recipient: QueuedRecipient,
  reply: LastReply,
  { schedule, delayWarning, now, random }: DecisionRules,
): Decision {
  const nextAt = nextAttempt(
    schedule,
    recipient.attempts + 1,
    now,
    message.expiresAt,
    random,
  );
  if (nextAt === undefined) {
    return { change: { kind: "done" }, outcome: { kind: "failed", reply } };
  }
  const isLate = delayWarning > 0 && !recipient.delayReported &&
    now - message.createdAt >= delayWarning;
  return {
    change: {
      kind: "deferred",
      nextAt,
      reply,
      delayReported: recipient.delayReported || isLate,
    },
    ...(isLate ? { outcome: { kind: "delayed", reply } } : {}),
  };
}

/** The log of the queue: what became of each recipient. */
import type { Log } from "#src/log/log.ts";
import type { AttemptResult } from "./attempt.ts";
import type { QueuedRecipient, RecipientChange } from "./queued.ts";

/** One line an attempt and recipient. */
export function logOutcome(
  log: Log,
  { recipient, attempts }: QueuedRecipient,
  result: AttemptResult,
  change: RecipientChange,
): void {
  const fields = {
    to: recipient.address,
    attempt: attempts + 1,
    ...("reply" in result
      ? {
        reply: `${result.reply.code} ${result.reply.text}`,
        host: result.reply.host,
      }
      : {}),
  };
  if (result.kind === "delivered") log.info("delivered", fields);
  else if (change.kind === "deferred") log.info("deferred", fields);
  else if (change.kind === "held") log.error("held", fields);
  else if (change.kind === "rerouted") log.info("bounce rerouted", fields);
  else log.warn("given up", fields);
}

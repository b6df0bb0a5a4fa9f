/** The summary of a message, for deliveries that store it. */
import { summarize } from "#src/imap/summary_builder.ts";
import type { MessageSummary } from "#src/imap/summary.ts";
import type { MessageBase } from "./branch.ts";

/** Computed once for each version of a message; reads the body as a stream. */
export function summaryOf(base: MessageBase): Promise<MessageSummary> {
  return base.summary ??= summarize(base.header, base.body);
}

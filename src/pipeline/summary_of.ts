/** The summary of a message, for deliveries that store it. */
import type { MessageSummary } from "#src/imap/summary.ts";
import type { MessageBase } from "./branch.ts";

/** Computes the summary; the body is read as a stream. */
export function summaryOf(_base: MessageBase): Promise<MessageSummary> {
  return Promise.reject(new TypeError("No summary builder yet"));
}

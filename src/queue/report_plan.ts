/** Who is told what of an attempt. RFC 3461 sections 4.1, 5.2 and 6.2. */
import type { Recipient } from "#src/module/roles/session.ts";
import type { LastReply, QueuedMessage } from "./queued.ts";
import type { ReportedRecipient } from "./report.ts";

/** What became of a recipient, as far as reports are concerned. */
export type Outcome =
  | { readonly kind: "delivered"; readonly dsnPassedOn: boolean }
  | { readonly kind: "failed"; readonly reply: LastReply }
  | { readonly kind: "delayed"; readonly reply: LastReply };

/**
 * The entry for this recipient, or `undefined` where its sender wants none.
 * Bounces are never reported: they have no sender.
 */
export function reported(
  message: QueuedMessage,
  recipient: Recipient,
  outcome: Outcome,
): ReportedRecipient | undefined {
  if (message.envelope.mailFrom === "") return undefined;
  const { notify, address, orcpt } = recipient;
  const base = { address, ...(orcpt === undefined ? {} : { orcpt }) };
  const wants = (word: "SUCCESS" | "FAILURE" | "DELAY"): boolean =>
    notify?.includes(word) ?? word !== "SUCCESS";
  switch (outcome.kind) {
    case "delivered":
      if (!wants("SUCCESS") || outcome.dsnPassedOn) return undefined;
      return { ...base, action: "relayed" };
    case "failed":
      if (!wants("FAILURE")) return undefined;
      return { ...base, action: "failed", reply: outcome.reply };
    case "delayed":
      if (!wants("DELAY")) return undefined;
      return { ...base, action: "delayed", reply: outcome.reply };
  }
}

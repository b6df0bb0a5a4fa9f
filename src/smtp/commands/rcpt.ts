/** RCPT: one more recipient. RFC 5321 section 4.1.1.3. */
import { isMailbox, tryParsePath, upperAscii } from "../command_grammar.ts";
import type { Dialogue, Transaction } from "../dialogue.ts";
import { readRcpt } from "../esmtp_parameters.ts";
import { REFUSALS, REPLIES } from "../replies.ts";
import { replyOfError } from "../reply_of_error.ts";
import type { RcptCommand } from "../backend.ts";

/** Takes a recipient. */
export function rcpt(dialogue: Dialogue, argument: string): Promise<void> {
  const { transaction, settings } = dialogue;
  if (transaction === undefined) throw REFUSALS.mailFirst();
  if (transaction.reception !== undefined) throw REFUSALS.inChunks();
  const path = tryParsePath(argument, "TO:");
  if (path === undefined) throw REFUSALS.badArguments();
  if (transaction.recipients >= settings.maxRecipients) {
    throw REFUSALS.tooManyRecipients();
  }
  // RFC 5321 section 4.1.1.3: that one is known without its domain.
  const address = upperAscii(path.address) === "POSTMASTER"
    ? `${path.address}@${settings.hostname}`
    : path.address;
  if (!isMailbox(address)) throw REFUSALS.badRecipient();
  const command = readRcpt(address, path.parameters, transaction.mail);
  return add(dialogue, transaction, command);
}

async function add(
  dialogue: Dialogue,
  transaction: Transaction,
  command: RcptCommand,
): Promise<void> {
  try {
    await transaction.backend.recipient(command);
  } catch (error) {
    const refusal = replyOfError(error, dialogue.log);
    return dialogue.recipientRefused(refusal);
  }
  transaction.recipients++;
  dialogue.reply(REPLIES.recipientAccepted);
}

/** DATA: the message up to CRLF.CRLF. RFC 5321 section 4.1.1.4. */
import type { Dialogue } from "../dialogue.ts";
import { MessageReception } from "../message_reception.ts";
import { REFUSALS, REPLIES } from "../replies.ts";

/** Asks for the message. */
export function data(dialogue: Dialogue, argument: string): void {
  const { transaction } = dialogue;
  if (argument !== "") throw REFUSALS.badArguments();
  if (transaction === undefined) throw REFUSALS.mailFirst();
  if (transaction.reception !== undefined) throw REFUSALS.inChunks();
  if (transaction.recipients === 0) throw REFUSALS.noRecipients();
  if (transaction.mail.body === "BINARYMIME") {
    throw REFUSALS.binaryNeedsChunks();
  }
  const reception = new MessageReception(dialogue, transaction, "data");
  transaction.reception = reception;
  dialogue.reply(REPLIES.startMessage);
  reception.startData(dialogue);
}

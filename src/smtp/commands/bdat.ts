/** BDAT: the message in counted chunks. RFC 3030. */
import { tryParseDigits, upperAscii } from "../command_grammar.ts";
import type { Dialogue } from "../dialogue.ts";
import { SMTP_LIMITS } from "../limits.ts";
import { MessageReception } from "../message_reception.ts";
import type { SmtpError } from "../reply.ts";
import { REFUSALS } from "../replies.ts";

/**
 * Takes a chunk. A refused one is read all the same: its bytes follow the
 * command without being asked for, and must not be taken for commands.
 */
export function bdat(dialogue: Dialogue, argument: string): void {
  const [count = "", last, extra] = argument.split(" ");
  const bytes = tryParseDigits(count);
  const isLast = last !== undefined && upperAscii(last) === "LAST";
  if (
    bytes === undefined || extra !== undefined ||
    (last !== undefined && !isLast)
  ) {
    // Where the next command begins can not be known any more.
    dialogue.refuse(REFUSALS.badArguments());
    return dialogue.transport.end();
  }
  const { settings, transport } = dialogue;
  if (bytes > settings.maxMessageBytes * SMTP_LIMITS.refusedFactor) {
    dialogue.refuse(REFUSALS.tooLarge());
    return transport.end();
  }
  const refusal = refusalOf(dialogue);
  const { transaction } = dialogue;
  if (refusal !== undefined || transaction === undefined) {
    dialogue.discarding = refusal;
    return transport.input.startChunk(bytes, undefined);
  }
  transaction.reception ??= new MessageReception(
    dialogue,
    transaction,
    "chunks",
  );
  transaction.reception.startChunk(dialogue, bytes, isLast);
}

function refusalOf({ transaction }: Dialogue): SmtpError | undefined {
  if (transaction === undefined) return REFUSALS.mailFirst();
  if (transaction.recipients === 0) return REFUSALS.noRecipients();
  const { chunkRefusal } = transaction;
  // A client that has pipelined its chunks must not take ours for a mistake of
  // its own, and give up for good.
  if (chunkRefusal?.temporary) return chunkRefusal;
  return chunkRefusal && REFUSALS.chunksFailed();
}

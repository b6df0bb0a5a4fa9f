/** MAIL: begins a transaction. RFC 5321 section 4.1.1.2. */
import type { MailCommand } from "../backend.ts";
import { isMailbox, tryParsePath } from "../command_grammar.ts";
import type { Dialogue } from "../dialogue.ts";
import { readMail } from "../esmtp_parameters.ts";
import { REFUSALS, REPLIES } from "../replies.ts";

/** Takes the sender. */
export function mail(dialogue: Dialogue, argument: string): Promise<void> {
  const { facts, settings } = dialogue;
  if (facts.helo === "") throw REFUSALS.helloFirst();
  if (settings.requireAuth && facts.user === undefined) {
    const mustEncrypt = facts.tls === undefined && settings.tls !== undefined &&
      !settings.insecureAuth;
    throw mustEncrypt ? REFUSALS.needsTls() : REFUSALS.needsAuth();
  }
  if (dialogue.transaction !== undefined) throw REFUSALS.alreadyMail();
  const path = tryParsePath(argument, "FROM:");
  if (path === undefined) throw REFUSALS.badArguments();
  const { address, parameters } = path;
  if (address !== "" && !isMailbox(address)) throw REFUSALS.badSender();
  const command = readMail(address, parameters);
  if ((command.sizeBytes ?? 0) > settings.maxMessageBytes) {
    throw REFUSALS.tooLarge();
  }
  return begin(dialogue, command);
}

async function begin(dialogue: Dialogue, command: MailCommand): Promise<void> {
  const backend = await dialogue.backend.mail(dialogue.facts, command);
  dialogue.transaction = {
    mail: command,
    backend,
    recipients: 0,
    reception: undefined,
    chunkRefusal: undefined,
  };
  dialogue.reply(REPLIES.senderAccepted);
}

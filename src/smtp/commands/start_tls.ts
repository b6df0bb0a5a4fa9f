/** STARTTLS. RFC 3207. */
import type { Dialogue } from "../dialogue.ts";
import { REFUSALS, REPLIES } from "../replies.ts";

/**
 * Changes to TLS. Whatever the peer sent behind the command was sent in the
 * clear and could be taken for a part of the TLS session: refuse and close.
 */
export function startTls(
  dialogue: Dialogue,
  argument: string,
): Promise<void> | undefined {
  const { settings, facts, transport } = dialogue;
  if (settings.tls === undefined) throw REFUSALS.notHere();
  if (facts.tls !== undefined) throw REFUSALS.tlsAlready();
  if (argument !== "") throw REFUSALS.badArguments();
  if (transport.input.hasUnread) {
    dialogue.refuse(REFUSALS.tlsInput());
    transport.end();
    return undefined;
  }
  return upgrade(dialogue);
}

async function upgrade(dialogue: Dialogue): Promise<void> {
  await dialogue.forgetSession();
  dialogue.reply(REPLIES.startTls);
  await dialogue.transport.flush();
  dialogue.transport.startTls();
}

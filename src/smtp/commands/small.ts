/** The commands that do little. RFC 5321 sections 4.1.1.5 to 4.1.1.10. */
import type { Dialogue } from "../dialogue.ts";
import { REFUSALS, REPLIES } from "../replies.ts";

/** RSET: forgets the transaction. */
export function rset(
  dialogue: Dialogue,
  argument: string,
): Promise<void> | undefined {
  if (argument !== "") throw REFUSALS.badArguments();
  if (dialogue.transaction !== undefined) return reset(dialogue);
  dialogue.reply(REPLIES.done);
  return undefined;
}

async function reset(dialogue: Dialogue): Promise<void> {
  await dialogue.resetTransaction();
  dialogue.reply(REPLIES.done);
}

/** NOOP: nothing. */
export function noop(dialogue: Dialogue): void {
  dialogue.reply(REPLIES.done);
}

/** QUIT: says goodbye and closes. */
export async function quit(dialogue: Dialogue): Promise<void> {
  await dialogue.resetTransaction();
  dialogue.reply(REPLIES.bye);
  dialogue.transport.end();
}

/** HELP: where to read on. */
export function help(dialogue: Dialogue): void {
  dialogue.reply(REPLIES.help);
}

/** VRFY: tells nobody who is here. RFC 5321 section 7.3. */
export function vrfy(dialogue: Dialogue, argument: string): void {
  if (argument === "") throw REFUSALS.badArguments();
  dialogue.reply(REPLIES.cannotVerify);
}

/** EXPN and others that are known and not offered. */
export function notOffered(): void {
  throw REFUSALS.notHere();
}

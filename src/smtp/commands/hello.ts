/**
 * HELO, EHLO, LHLO: names of both sides and what is offered here. RFC 5321
 * section 4.1.1.1, RFC 2033 section 4.1.
 */
import { SMTP_LIMITS } from "../limits.ts";
import type { Dialogue } from "../dialogue.ts";
import { REFUSALS } from "../replies.ts";

/** HELO: the greeting without extensions. */
export async function helo(
  dialogue: Dialogue,
  argument: string,
): Promise<void> {
  await greet(dialogue, argument, { esmtp: false });
  dialogue.reply(`250 ${dialogue.settings.hostname}\r\n`);
}

/** EHLO and LHLO: the greeting with extensions. */
export async function ehlo(
  dialogue: Dialogue,
  argument: string,
): Promise<void> {
  await greet(dialogue, argument, { esmtp: true });
  const lines = [dialogue.settings.hostname, ...extensionsOf(dialogue)];
  const last = lines.length - 1;
  dialogue.reply(
    lines.map((line, i) => `250${i === last ? " " : "-"}${line}\r\n`).join(""),
  );
}

async function greet(
  dialogue: Dialogue,
  argument: string,
  { esmtp }: { readonly esmtp: boolean },
): Promise<void> {
  if (argument === "" || argument.length > SMTP_LIMITS.heloBytes) {
    throw REFUSALS.badHello();
  }
  await dialogue.resetTransaction();
  const { facts } = dialogue;
  const before = { helo: facts.helo, esmtp: facts.esmtp };
  facts.helo = argument;
  facts.esmtp = esmtp;
  try {
    await dialogue.backend.helo(facts);
  } catch (error) {
    facts.helo = before.helo;
    facts.esmtp = before.esmtp;
    throw error;
  }
}

/** What EHLO says; everything in it is kept. */
function extensionsOf(dialogue: Dialogue): string[] {
  const { settings, facts, backend } = dialogue;
  const offered = [
    "PIPELINING",
    `SIZE ${settings.maxMessageBytes}`,
    "8BITMIME",
    "SMTPUTF8",
    "ENHANCEDSTATUSCODES",
    "DSN",
    "CHUNKING",
    "BINARYMIME",
    `LIMITS RCPTMAX=${settings.maxRecipients}`,
  ];
  if (settings.tls !== undefined && facts.tls === undefined) {
    offered.push("STARTTLS");
  }
  const mayLogIn = backend.login !== undefined && facts.user === undefined;
  if (mayLogIn && (facts.tls !== undefined || settings.insecureAuth)) {
    offered.push("AUTH PLAIN LOGIN");
  }
  return offered;
}

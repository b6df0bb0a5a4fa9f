/** Every command by its verb: the list for SMTP and the one for LMTP. */
import type { Command } from "./command.ts";
import { auth } from "./commands/auth.ts";
import { bdat } from "./commands/bdat.ts";
import { data } from "./commands/data.ts";
import { ehlo, helo } from "./commands/hello.ts";
import { mail } from "./commands/mail.ts";
import { rcpt } from "./commands/rcpt.ts";
import { help, noop, notOffered, quit, rset, vrfy } from "./commands/small.ts";
import { startTls } from "./commands/start_tls.ts";

const COMMON: readonly (readonly [string, Command])[] = [
  ["MAIL", mail],
  ["RCPT", rcpt],
  ["DATA", data],
  ["BDAT", bdat],
  ["RSET", rset],
  ["NOOP", noop],
  ["QUIT", quit],
  ["HELP", help],
  ["VRFY", vrfy],
  ["EXPN", notOffered],
  ["STARTTLS", startTls],
  ["AUTH", auth],
  // Who sends these would like to be somebody else. RFC 5321 knows none.
  ["XCLIENT", notOffered],
  ["XFORWARD", notOffered],
];

/** Of SMTP and submission. */
export const SMTP_COMMANDS: ReadonlyMap<string, Command> = new Map([
  ...COMMON,
  ["HELO", helo],
  ["EHLO", ehlo],
]);

/** Of LMTP; HELO and EHLO do not exist there. RFC 2033 section 4.1. */
export const LMTP_COMMANDS: ReadonlyMap<string, Command> = new Map([
  ...COMMON,
  ["LHLO", ehlo],
]);

/**
 * Every reply of the server, by name: what agrees as the line itself, what
 * refuses as a function that makes the error. RFC 5321 section 4.2, RFC 3463.
 */
import { SmtpError } from "./reply.ts";

/** Replies that agree, complete with CRLF. */
export const REPLIES = {
  bye: "221 2.0.0 Bye\r\n",
  done: "250 2.0.0 Done\r\n",
  senderAccepted: "250 2.1.0 Sender accepted\r\n",
  recipientAccepted: "250 2.1.5 Recipient accepted\r\n",
  startMessage: "354 End the message with CRLF.CRLF\r\n",
  startTls: "220 2.0.0 Ready for TLS\r\n",
  loggedIn: "235 2.7.0 Logged in\r\n",
  help: "214 2.0.0 See RFC 5321\r\n",
  cannotVerify: "252 2.0.0 Send the message and see\r\n",
} as const;

type Refusal = () => SmtpError;

/** Replies that refuse. */
export const REFUSALS = {
  unknownCommand: () => new SmtpError(500, "5.1", "Unknown command"),
  notText: () => new SmtpError(500, "5.2", "That is no text"),
  lineTooLong: () => new SmtpError(500, "5.2", "The line is too long"),
  notHere: () => new SmtpError(502, "5.1", "That command is not offered here"),
  badArguments: () => new SmtpError(501, "5.4", "Wrong arguments"),
  badHello: () => new SmtpError(501, "5.4", "Say your name"),
  helloFirst: () => new SmtpError(503, "5.1", "Say hello first"),
  mailFirst: () => new SmtpError(503, "5.1", "Send MAIL first"),
  alreadyMail: () => new SmtpError(503, "5.1", "There is a sender already"),
  noRecipients: () => new SmtpError(503, "5.1", "There are no recipients"),
  inChunks: () => new SmtpError(503, "5.1", "The message is under way"),
  chunksFailed: () => new SmtpError(503, "5.1", "Send RSET first"),
  binaryNeedsChunks: () =>
    new SmtpError(503, "5.1", "A binary message needs BDAT"),
  badSender: () => new SmtpError(501, "1.7", "That is no sender address"),
  badRecipient: () => new SmtpError(501, "1.3", "That is no address"),
  needsSmtpUtf8: () => new SmtpError(553, "6.7", "The address needs SMTPUTF8"),
  badParameter: () => new SmtpError(501, "5.4", "Wrong parameter"),
  unknownParameter: () => new SmtpError(555, "5.4", "Unknown parameter"),
  tooLarge: () => new SmtpError(552, "3.4", "The message is too large"),
  tooManyRecipients: () => new SmtpError(452, "5.3", "Too many recipients"),
  bareLineEnd: () =>
    new SmtpError(550, "6.0", "CR and LF must not stand alone"),
  textLineTooLong: () => new SmtpError(550, "6.0", "A line is too long"),
  needsAuth: () => new SmtpError(530, "7.0", "Log in first"),
  needsTls: () => new SmtpError(530, "7.0", "Send STARTTLS first"),
  authNeedsTls: () =>
    new SmtpError(538, "7.11", "Encryption is needed to log in"),
  authTwice: () => new SmtpError(503, "5.1", "You are logged in already"),
  authUnknown: () => new SmtpError(504, "5.4", "Unknown mechanism"),
  authMalformed: () => new SmtpError(501, "5.2", "That is no answer"),
  authCancelled: () => new SmtpError(501, "7.0", "Cancelled"),
  authWrong: () => new SmtpError(535, "7.8", "Wrong name or password"),
  authUnavailable: () => new SmtpError(454, "7.0", "Nobody can tell now"),
  authTooMany: () => new SmtpError(454, "7.0", "Too many failures, wait"),
  tlsAlready: () => new SmtpError(503, "5.1", "TLS is there already"),
  tlsInput: () => new SmtpError(503, "5.1", "Nothing may follow STARTTLS"),
  tooManyUnknown: () =>
    new SmtpError(421, "7.0", "Too many unknown recipients"),
  tooManyErrors: () => new SmtpError(421, "7.0", "Too many errors"),
  noHttp: () => new SmtpError(421, "7.0", "This is no web server"),
  tooEarly: () => new SmtpError(554, "5.1", "You spoke before the greeting"),
  timeout: () => new SmtpError(421, "4.2", "That took too long"),
  tooSlow: () => new SmtpError(421, "4.2", "The message comes too slowly"),
  stopping: () => new SmtpError(421, "3.2", "The service is stopping"),
  tooManyConnections: () =>
    new SmtpError(421, "7.0", "Too many connections, try again later"),
} as const satisfies Record<string, Refusal>;

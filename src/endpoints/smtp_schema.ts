/** Directives that `smtp`, `submission` and `lmtp` have in common. */
import type { ConfigOf } from "#src/config/directive.ts";
import { domain } from "#src/config/places.ts";
import { duration, size } from "#src/config/quantities.ts";
import { bool, integer, oneOf, optional, string } from "#src/config/values.ts";
import { ref } from "#src/module/ref.ts";
import { steps } from "#src/pipeline/steps.ts";

/** What every endpoint of this protocol family takes. */
export const SMTP_SCHEMA = {
  hostname: optional(domain({
    doc:
      "Name in the greeting and in Received; that of the server if left out.",
  })),
  banner: string({
    doc: "Words behind the name in the greeting.",
    default: "",
  }),
  tls: ref("certificates", { doc: "Where key and certificate come from." }),
  tls_mode: oneOf(["auto", "implicit", "starttls", "off"], {
    doc: "TLS from the first byte, after STARTTLS, or never; `auto` is " +
      "`implicit` on port 465 and `starttls` on every other.",
    default: "auto",
  }),
  max_message_size: size({
    doc: "Largest message. A larger one is refused at MAIL where the client " +
      "says its size, and at the byte that is too many.",
    default: "50M",
  }),
  max_recipients: integer({
    doc: "Recipients that one message may have.",
    default: 1000,
    min: 1,
  }),
  greeting_delay: duration({
    doc: "Pause before the greeting; who speaks during it is sent away.",
    default: "0",
  }),
  command_timeout: duration({
    doc: "How long a client may be silent. RFC 5321 asks for 5 minutes.",
    default: "5m",
  }),
  message_timeout: duration({
    doc: "How long one message may take to arrive.",
    default: "30m",
  }),
  min_rate: size({
    doc: "Bytes a second that a message has to bring after its first minute, " +
      "on average.",
    default: "500",
  }),
  strict_lines: bool({
    doc: "Refuse messages with lines longer than 998 bytes (RFC 5321 section " +
      "4.5.3.1.6). Off, they are taken as they are.",
    default: false,
  }),
  bare_line_ends: oneOf(["refuse", "normalise"], {
    doc: "What to do with messages in which CR or LF stands alone: refuse " +
      "them, or make CRLF of it.",
    default: "refuse",
  }),
  max_connections: integer({
    doc: "Connections that one address may have at once in each worker; its " +
      "/24 (IPv6: /64) may have three times, its /16 (/48) nine times as " +
      "many. 0: no bound.",
    default: 30,
  }),
  max_connection_rate: integer({
    doc: "New connections of one address a minute in each worker; its " +
      "networks may have three and nine times as many. 0: no bound.",
    default: 300,
  }),
  limit_loopback: bool({
    doc: "Count connections of this machine too.",
    default: false,
  }),
  open_relay: bool({
    doc: "Let anybody send to anybody through this endpoint. Off, a delivery " +
      "to other hosts takes mail of clients that have not logged in only " +
      "for local recipients, behind `require-auth`, or inside a `match` on " +
      "`src-ip`, `rcpt`, `rcpt-domain`, `auth-user` or `local`.",
    default: false,
  }),
  steps: steps({ doc: "What happens to a message, in this order." }),
};

/** Directives of the endpoints through which people log in. */
export const LOGIN_SCHEMA = {
  auth: ref("auth", { doc: "Through what clients log in." }),
  insecure_auth: bool({
    doc: "Take passwords without TLS. For tests and trusted networks only.",
    default: false,
  }),
  sender_check: bool({
    doc: "Who has logged in may only use addresses of the account as sender " +
      "and in the fields that name an author (From, Sender).",
    default: true,
  }),
};

/** The values of the common directives. */
export type SmtpConfig = ConfigOf<typeof SMTP_SCHEMA>;

/** The values of the directives about logging in. */
export type LoginConfig = ConfigOf<typeof LOGIN_SCHEMA>;

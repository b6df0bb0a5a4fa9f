/**
 * The fields that this server adds on top: Received (RFC 5321 section 4.4,
 * RFC 3848, RFC 6531 section 4.3), at submission Date and Message-ID (RFC 6409
 * section 8).
 */
import type { Envelope, SessionInfo } from "#src/module/roles/session.ts";

/** What Received says besides the envelope. */
export interface ReceivedFacts {
  readonly envelope: Envelope;
  /** Name of this server. */
  readonly hostname: string;
  /** Name of the client that DNS confirms in both directions, where known. */
  readonly clientName: string | undefined;
  /** The recipient where there is only one: others are nobody's business. */
  readonly onlyRecipient: string | undefined;
}

/** The Received field with its line break. */
export function formatReceived(facts: ReceivedFacts): string {
  const { envelope, hostname } = facts;
  const { session } = envelope;
  const from = session.protocol === "local"
    ? ""
    : `from ${heloName(session.helo)} (${clientText(facts)})\r\n\t`;
  const recipient = facts.onlyRecipient;
  const recipientText = recipient !== undefined && FOR_SAFE.test(recipient)
    ? `\r\n\tfor <${recipient}>`
    : "";
  return `Received: ${from}by ${hostname} with ${withWord(envelope)}${
    tlsText(session)
  } id ${envelope.id}${recipientText};\r\n\t${
    formatDate(envelope.receivedAt)
  }\r\n`;
}

/** Addresses that need no thought inside of Received. */
const FOR_SAFE = /^[!-;=?-~]{1,320}$/;

/** The argument of HELO where it is a name or an address literal. */
function heloName(helo: string): string {
  return /^(?:[A-Za-z0-9._-]{1,255}|\[[A-Za-z0-9.:-]{1,255}\])$/.test(helo)
    ? helo
    : "unknown";
}

function clientText({ envelope, clientName }: ReceivedFacts): string {
  const { remoteAddress } = envelope.session;
  const literal = remoteAddress.includes(":")
    ? `[IPv6:${remoteAddress}]`
    : `[${remoteAddress}]`;
  return clientName === undefined || clientName === ""
    ? literal
    : `${clientName} ${literal}`;
}

/** The registered word for the protocol. */
function withWord({ session, parameters }: Envelope): string {
  if (session.protocol === "local") return "local";
  const secure = session.tls === undefined ? "" : "S";
  const authenticated = session.identity === undefined ? "" : "A";
  const base = session.protocol === "lmtp"
    ? parameters.smtpUtf8 === true ? "UTF8LMTP" : "LMTP"
    : parameters.smtpUtf8 === true
    ? "UTF8SMTP"
    : session.esmtp
    ? "ESMTP"
    : "SMTP";
  return base === "SMTP" ? base : `${base}${secure}${authenticated}`;
}

function tlsText({ tls }: SessionInfo): string {
  if (tls === undefined) return "";
  const { version, cipher } = tls;
  if (!/^[\w.-]{1,100}$/.test(version) || !/^[\w.-]{1,100}$/.test(cipher)) {
    return "";
  }
  return `\r\n\t(${version} ${cipher})`;
}

/** RFC 5322 section 3.3, in UTC. */
export function formatDate(milliseconds: number): string {
  return new Date(milliseconds).toUTCString().replace("GMT", "+0000");
}

/** Fields that a submission server adds where they are missing. */
export function formatMissing(
  missing: { readonly date: boolean; readonly messageId: boolean },
  envelope: Envelope,
  hostname: string,
): string {
  const date = missing.date
    ? `Date: ${formatDate(envelope.receivedAt)}\r\n`
    : "";
  const messageId = missing.messageId
    ? `Message-ID: <${envelope.id}@${hostname}>\r\n`
    : "";
  return date + messageId;
}

/** How often the fields occur that the pipeline has to know about. */
export interface TraceCounts {
  readonly received: number;
  readonly date: number;
  readonly messageId: number;
  readonly from: number;
  readonly authResults: number;
}

/**
 * Counts in one pass over the line starts, without reading the fields: every
 * message pays for this.
 */
export function countTraceFields(header: Uint8Array): TraceCounts {
  const counts = {
    received: 0,
    date: 0,
    messageId: 0,
    from: 0,
    authResults: 0,
  };
  let at = 0;
  while (at < header.length) {
    switch ((header[at] ?? 0) | 0x20) {
      case 0x72: // r
        if (isField(header, at, RECEIVED)) counts.received++;
        break;
      case 0x64: // d
        if (isField(header, at, DATE)) counts.date++;
        break;
      case 0x6d: // m
        if (isField(header, at, MESSAGE_ID)) counts.messageId++;
        break;
      case 0x66: // f
        if (isField(header, at, FROM)) counts.from++;
        break;
      case 0x61: // a
        if (isField(header, at, AUTH_RESULTS)) counts.authResults++;
    }
    const lf = header.indexOf(0x0a, at);
    if (lf < 0) break;
    at = lf + 1;
  }
  return counts;
}

const ENCODER = new TextEncoder();
const RECEIVED = ENCODER.encode("received");
const DATE = ENCODER.encode("date");
const MESSAGE_ID = ENCODER.encode("message-id");
const FROM = ENCODER.encode("from");
const AUTH_RESULTS = ENCODER.encode("authentication-results");

/** Whether the line is a field of that name (given in lower case). */
function isField(header: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = header[start + i] ?? 0;
    const isUpper = byte >= 0x41 && byte <= 0x5a;
    if ((isUpper ? byte + 0x20 : byte) !== name[i]) return false;
  }
  let at = start + name.length;
  while (header[at] === 0x20 || header[at] === 0x09) at++;
  return header[at] === 0x3a;
}

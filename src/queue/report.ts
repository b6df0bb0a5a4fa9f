/**
 * Delivery status notifications as messages: multipart/report (RFC 6522) with
 * message/delivery-status (RFC 3464), for international addresses its global
 * form (RFC 6533). Who gets one is decided in `report_plan.ts`.
 */
import { findHeaderEnd } from "#src/message/header_block.ts";
import type { LastReply } from "./queued.ts";

/** What happened to one recipient. RFC 3464 section 2.3.3. */
export interface ReportedRecipient {
  readonly action: "failed" | "delayed" | "relayed";
  readonly address: string;
  /** `type;address` as the sender gave it. */
  readonly orcpt?: string;
  /** Left out for `relayed`. */
  readonly reply?: LastReply;
}

/** What a report is made of. */
export interface ReportInput {
  /** Name of this server. */
  readonly hostname: string;
  /** Id of the report's Message-ID, unique. */
  readonly id: string;
  /** Who gets it. */
  readonly to: string;
  readonly now: number;
  /** When the message was accepted. */
  readonly arrivedAt: number;
  /** When delivery is given up; for delays. */
  readonly expiresAt: number;
  readonly envid?: string;
  readonly recipients: readonly ReportedRecipient[];
  /** Header of the message. */
  readonly header: Uint8Array;
  /** Its body, where all of it is to be returned. */
  readonly body?: Uint8Array;
}

/** A finished report. */
export interface Report {
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  /** It has bytes above 127. */
  readonly eightBit: boolean;
  /** Addresses or header fields are international. RFC 6531. */
  readonly smtpUtf8: boolean;
}

/** Header bytes returned at most: whole fields of any real message fit. */
const MAX_RETURNED_HEADER = 64 * 1024;
const ENCODER = new TextEncoder();

/** Writes the report. */
export function formatReport(input: ReportInput): Report {
  const boundary = `=_report_${crypto.randomUUID()}`;
  const isGlobal = !isAscii(ENCODER.encode(addressesOf(input)));
  const text = humanPart(input);
  const status = statusPart(input, isGlobal);
  const returned = returnedPart(input, isGlobal);
  const open = (lines: readonly string[]): string =>
    `--${boundary}\r\n${lines.join("\r\n")}\r\n\r\n`;
  const body = join([
    open([
      "Content-Type: text/plain; charset=utf-8",
      `Content-Transfer-Encoding: ${isAscii(text) ? "7bit" : "8bit"}`,
    ]),
    text,
    "\r\n",
    open([
      `Content-Type: message/${isGlobal ? "global-" : ""}delivery-status`,
      ...(isGlobal ? ["Content-Transfer-Encoding: 8bit"] : []),
    ]),
    status,
    "\r\n",
    open(returned.lines),
    ...returned.bytes,
    `\r\n--${boundary}--\r\n`,
  ]);
  const header = ENCODER.encode([
    `From: Mail Delivery System <MAILER-DAEMON@${input.hostname}>`,
    `To: <${plain(input.to)}>`,
    `Subject: ${subjectOf(input.recipients)}`,
    `Date: ${mailDate(input.now)}`,
    `Message-ID: <${input.id}@${input.hostname}>`,
    "Auto-Submitted: auto-replied",
    "MIME-Version: 1.0",
    "Content-Type: multipart/report; report-type=delivery-status;",
    `\tboundary="${boundary}"`,
    ...(isAscii(body) ? [] : ["Content-Transfer-Encoding: 8bit"]),
    "",
    "",
  ].join("\r\n"));
  const eightBit = !isAscii(header) || !isAscii(body);
  return { header, body, eightBit, smtpUtf8: isGlobal || !isAscii(header) };
}

function addressesOf(input: ReportInput): string {
  return input.recipients.map((r) => `${r.address} ${r.orcpt ?? ""}`).join() +
    input.to;
}

/** The worst that happened names the report. */
function subjectOf(recipients: readonly ReportedRecipient[]): string {
  const has = (action: string): boolean =>
    recipients.some((recipient) => recipient.action === action);
  if (has("failed")) return "Your message could not be delivered";
  if (has("delayed")) return "Your message is delayed";
  return "Your message was handed on";
}

/** What is said before the recipients of each kind. */
const EXPLANATIONS = {
  failed: "Your message could not be delivered to these recipients. " +
    "It will not be\r\ntried again.",
  delayed: "Your message has not been delivered to these recipients yet. " +
    "There is\r\nnothing you need to do.",
  relayed: "Your message was handed on to a server that does not report " +
    "delivery to\r\nthese recipients.",
} as const;

function humanPart(input: ReportInput): Uint8Array {
  const lines = [`This is the mail server ${input.hostname}.`];
  for (const action of ["failed", "delayed", "relayed"] as const) {
    const these = input.recipients.filter((r) => r.action === action);
    if (these.length === 0) continue;
    lines.push("", EXPLANATIONS[action]);
    if (action === "delayed") {
      lines.push(`It is tried until ${mailDate(input.expiresAt)}.`);
    }
    for (const { address, reply } of these) {
      lines.push("", `  ${plain(address)}`);
      if (reply === undefined) continue;
      const said = reply.host === undefined
        ? ""
        : `${plain(reply.host)} said: `;
      lines.push(`    ${said}${replyText(reply)}`);
    }
  }
  return ENCODER.encode(lines.join("\r\n") + "\r\n");
}

/** RFC 3464 section 2. */
function statusPart(input: ReportInput, isGlobal: boolean): Uint8Array {
  const type = isGlobal ? "utf-8" : "rfc822";
  const lines = [`Reporting-MTA: dns; ${input.hostname}`];
  if (input.envid !== undefined) {
    lines.push(`Original-Envelope-Id: ${plain(input.envid)}`);
  }
  lines.push(`Arrival-Date: ${mailDate(input.arrivedAt)}`);
  for (const { action, address, orcpt, reply } of input.recipients) {
    lines.push("");
    if (orcpt !== undefined) {
      lines.push(`Original-Recipient: ${plain(orcpt).replace(";", "; ")}`);
    }
    lines.push(
      `Final-Recipient: ${type}; ${plain(address)}`,
      `Action: ${action}`,
      `Status: ${statusOf(action, reply)}`,
    );
    if (reply !== undefined) {
      if (reply.host !== undefined) {
        lines.push(`Remote-MTA: dns; ${plain(reply.host)}`);
      }
      lines.push(
        `Diagnostic-Code: smtp; ${replyText(reply)}`,
        `Last-Attempt-Date: ${mailDate(reply.at)}`,
      );
    }
    if (action === "delayed") {
      lines.push(`Will-Retry-Until: ${mailDate(input.expiresAt)}`);
    }
  }
  return ENCODER.encode(lines.join("\r\n") + "\r\n");
}

/** RFC 3463; the class says what became of the message, not of one attempt. */
function statusOf(
  action: ReportedRecipient["action"],
  reply: LastReply | undefined,
): string {
  if (reply === undefined) return "2.0.0";
  const digit = action === "delayed" ? 4 : Math.floor(reply.code / 100);
  return `${digit}.${reply.detail}`;
}

/** The message itself or its header. RFC 3462 section 2, RFC 6533 section 4. */
function returnedPart(
  input: ReportInput,
  isGlobal: boolean,
): { lines: readonly string[]; bytes: readonly Uint8Array[] } {
  const header = withoutBlankLine(input.header);
  const { body } = input;
  const bytes = body === undefined ? [header] : [input.header, body];
  const is7bit = bytes.every(isAscii);
  const international = isGlobal || !isAscii(header);
  const type = body === undefined
    ? international ? "message/global-headers" : "text/rfc822-headers"
    : international
    ? "message/global"
    : "message/rfc822";
  return {
    lines: [
      `Content-Type: ${type}`,
      `Content-Transfer-Encoding: ${is7bit ? "7bit" : "8bit"}`,
    ],
    bytes,
  };
}

/** The fields alone, cut at the end of a line where they are too many. */
function withoutBlankLine(header: Uint8Array): Uint8Array {
  const end = findHeaderEnd(header);
  const fields = end === undefined
    ? header
    : header.subarray(0, end - (header[end - 2] === 0x0d ? 2 : 1));
  if (fields.length <= MAX_RETURNED_HEADER) return fields;
  const cut = fields.lastIndexOf(0x0a, MAX_RETURNED_HEADER - 1);
  return fields.subarray(0, cut + 1);
}

function replyText(reply: LastReply): string {
  const status = `${Math.floor(reply.code / 100)}.${reply.detail}`;
  return `${reply.code} ${status} ${plain(reply.text)}`;
}

/** One line without control characters: nothing can add a field of its own. */
function plain(text: string): string {
  // deno-lint-ignore no-control-regex -- they are what must not pass
  return text.replace(/[\x00-\x1f\x7f]+/g, " ").slice(0, 900);
}

function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > 0x7f) return false;
  return true;
}

/** Text and bytes one after the other. */
function join(parts: readonly (string | Uint8Array)[]): Uint8Array {
  const encoded = parts.map((part) =>
    typeof part === "string" ? ENCODER.encode(part) : part
  );
  const all = new Uint8Array(encoded.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of encoded) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** RFC 5322 section 3.3, in UTC. */
function mailDate(ms: number): string {
  return new Date(ms).toUTCString().replace(/GMT$/, "+0000");
}

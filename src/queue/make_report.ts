/** The report to a sender, as a message of its own. RFC 3461 section 6. */
import type { Envelope } from "#src/module/roles/session.ts";
import { newId } from "./new_id.ts";
import type { NewMessage, QueuedMessage } from "./queued.ts";
import { readBody } from "./read_body.ts";
import { formatReport, type ReportedRecipient } from "./report.ts";
import type { RetrySchedule } from "./schedule.ts";

/** Bodies up to this size are returned with RET=FULL. */
const MAX_RETURNED_BODY = 1024 * 1024;

/** What a report needs to know of where it is made. */
export interface ReportSurroundings {
  readonly hostname: string;
  readonly schedule: RetrySchedule;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether mail for that domain is kept on this server. */
  readonly isLocal: (domain: string) => boolean;
}

/** Reads the body of the message where it is to be returned. */
export async function makeReport(
  message: QueuedMessage,
  recipients: readonly ReportedRecipient[],
  surroundings: ReportSurroundings,
): Promise<NewMessage> {
  const { hostname, schedule, now, isLocal } = surroundings;
  const { mailFrom, parameters } = message.envelope;
  const id = newId(now);
  const isFull = parameters.ret === "FULL" &&
    message.body.size <= MAX_RETURNED_BODY &&
    recipients.some((recipient) => recipient.action === "failed");
  const { header, body, eightBit, smtpUtf8 } = formatReport({
    hostname,
    id,
    to: mailFrom,
    now,
    arrivedAt: message.createdAt,
    expiresAt: message.expiresAt,
    ...(parameters.envid === undefined ? {} : { envid: parameters.envid }),
    recipients,
    header: message.header,
    ...(isFull
      ? { body: await readBody(message.body, MAX_RETURNED_BODY) }
      : {}),
  });
  const domain = mailFrom.slice(mailFrom.lastIndexOf("@") + 1).toLowerCase();
  return {
    id,
    envelope: {
      id,
      session: localSession(id, hostname),
      mailFrom: "",
      parameters: {
        ...(eightBit ? { body: "8BITMIME" } : {}),
        ...(smtpUtf8 ? { smtpUtf8: true } : {}),
      },
      receivedAt: now,
    },
    header,
    body,
    file: undefined,
    bodySize: body.length,
    route: isLocal(domain) ? "bounce" : "target",
    createdAt: now,
    expiresAt: now + schedule.maxAge,
    recipients: [
      { address: mailFrom, original: mailFrom, notify: ["NEVER"] },
    ],
  };
}

/** Facts of a session that never was. */
function localSession(id: string, hostname: string): Envelope["session"] {
  return {
    id,
    protocol: "local",
    remoteAddress: "127.0.0.1",
    remotePort: 0,
    localAddress: "127.0.0.1",
    localPort: 0,
    helo: hostname,
    esmtp: true,
    tls: undefined,
    identity: undefined,
  };
}

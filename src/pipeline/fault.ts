/** What clients see of a fault of ours. */
import { isDiskFull } from "#src/errors/system_reason.ts";
import type { Log } from "#src/log/log.ts";
import { SmtpError } from "#src/smtp/reply.ts";

/**
 * The reply for a thrown value: an `SmtpError` is one already; anything else
 * is logged and becomes `451 4.3.0` with the reference that the log carries,
 * or `452 4.3.1` where the disk is full.
 */
export function faultReply(error: unknown, log: Log): SmtpError {
  if (error instanceof SmtpError) return error;
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  const reference = bytes.toHex();
  log.error("message processing failed", { reference, error });
  if (isDiskFull(error)) {
    const text = `No room now (reference ${reference})`;
    return new SmtpError(452, "3.1", text, { cause: error });
  }
  return new SmtpError(
    451,
    "3.0",
    `Local error, try again later (reference ${reference})`,
    { cause: error },
  );
}

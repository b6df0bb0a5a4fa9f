/** The one place where a thrown value becomes an SMTP reply. */
import {
  LimitError,
  UnavailableError,
  WireSyntaxError,
} from "#src/errors/errors.ts";
import { isDiskFull } from "#src/errors/system_reason.ts";
import type { Log } from "#src/log/log.ts";
import { SMTP_LIMITS } from "./limits.ts";
import { SmtpError } from "./reply.ts";

/**
 * The refusal for any thrown value. What is no `SmtpError` and no fault of the
 * client is logged under a reference that the reply carries.
 */
export function replyOfError(error: unknown, log: Log): SmtpError {
  if (error instanceof SmtpError) return error;
  if (error instanceof WireSyntaxError) {
    return new SmtpError(501, "5.2", "Wrong syntax", { cause: error });
  }
  if (error instanceof LimitError) {
    return new SmtpError(452, "5.3", "More than is allowed", { cause: error });
  }
  const reference = crypto.getRandomValues(new Uint8Array(4)).toHex();
  log.error("smtp fault", { reference, error });
  if (isDiskFull(error)) {
    const text = `No room now (reference ${reference})`;
    return new SmtpError(452, "3.1", text, { cause: error });
  }
  if (error instanceof UnavailableError) {
    const text = `Not available now (reference ${reference})`;
    return new SmtpError(451, "3.2", text, { cause: error });
  }
  const text = `Local error, try again later (reference ${reference})`;
  return new SmtpError(451, "3.0", text, { cause: error });
}

/** The line of a refusal with its CRLF. */
export function formatRefusal(error: SmtpError): string {
  return `${error.code} ${error.enhanced} ${safeText(error.publicText)}\r\n`;
}

/** As a greeting, which has no enhanced code. RFC 2034 section 3. */
export function formatRefusedGreeting(error: SmtpError): string {
  const code = error.temporary ? 421 : 554;
  return `${code} ${safeText(error.publicText)}\r\n`;
}

/** Nothing that could begin another line, or be longer than one may be. */
function safeText(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, " ").slice(
    0,
    SMTP_LIMITS.replyLineBytes - "550 5.7.123 ".length,
  );
}

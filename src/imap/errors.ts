/** The error of a command that fails in a way the client has to know. */
import { MailError, type MailErrorOptions } from "#src/errors/errors.ts";

/** NO: it did not happen. BAD: it cannot. BYE: and the connection ends. */
export type FailureStatus = "NO" | "BAD" | "BYE";

/** A tagged NO or BAD, or BYE, with text fit for the client. */
export class ImapError extends MailError {
  readonly status: FailureStatus;
  /** Without brackets: `TRYCREATE`, `BADCHARSET (UTF-8)`. */
  readonly responseCode: string | undefined;
  /** ASCII, no line breaks, reveals nothing of the configuration. */
  readonly publicText: string;

  constructor(
    status: FailureStatus,
    publicText: string,
    responseCode?: string,
    options?: MailErrorOptions,
  ) {
    super(`${status} ${publicText}`, options);
    this.status = status;
    this.responseCode = responseCode;
    this.publicText = publicText;
  }
}

/** SMTP replies and the error that carries one. RFC 5321 section 4.2. */
import { MailError, type MailErrorOptions } from "#src/errors/errors.ts";

/** Codes that refuse something. RFC 5321 section 4.2.3, RFC 4954 section 6. */
export type FailureCode =
  | 421
  | 450
  | 451
  | 452
  | 454
  | 455
  | 500
  | 501
  | 502
  | 503
  | 504
  | 521
  | 523
  | 530
  | 534
  | 535
  | 538
  | 550
  | 551
  | 552
  | 553
  | 554
  | 555
  | 556;

/** `subject.detail` of RFC 3463; the class digit comes from the code. */
export type Detail = `${number}.${number}`;

/** A reply that refuses a command, with text fit for the client. */
export class SmtpError extends MailError {
  readonly code: FailureCode;
  readonly detail: Detail;
  /** ASCII, no line breaks, reveals nothing of the configuration. */
  readonly publicText: string;

  constructor(
    code: FailureCode,
    detail: Detail,
    publicText: string,
    options?: MailErrorOptions,
  ) {
    super(`${code} ${publicText}`, options);
    this.code = code;
    this.detail = detail;
    this.publicText = publicText;
  }

  /** Whether the client may try again (4xx). */
  get temporary(): boolean {
    return this.code < 500;
  }

  /** The class digit is computed, so code and enhanced code cannot disagree. */
  get enhanced(): string {
    return `${Math.floor(this.code / 100)}.${this.detail}`;
  }
}

/**
 * The errors that this program throws on purpose.
 *
 * Expected outcomes are values; an exception means that something broke or
 * that a peer broke the rules. Each protocol has one mapper that turns any
 * thrown value into its reply (`smtp/reply_of_error.ts`,
 * `imap/status_of_error.ts`). Errors of one protocol live with it
 * (`SmtpError`, `ImapError`, `ConfigError`, `DnsError`).
 */

/** What every `MailError` takes besides its message. */
export interface MailErrorOptions {
  readonly cause?: unknown;
  /** Context for the log, never sent to a client. No credentials, no text. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Base of every error that this program throws on purpose. */
export abstract class MailError extends Error {
  /** Context for the log, never sent to a client. */
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(message: string, options?: MailErrorOptions) {
    super(message, { cause: options?.cause });
    this.name = new.target.name;
    this.fields = options?.fields ?? {};
  }
}

/** Bytes on the wire that do not fit the grammar of their protocol. */
export class WireSyntaxError extends MailError {
  /** Offset of the first byte that does not fit. */
  readonly offset: number;
  /** Name of the grammar element that was expected. */
  readonly expected: string;

  constructor(offset: number, expected: string, options?: MailErrorOptions) {
    super(`Expected ${expected} at byte ${offset}`, options);
    this.offset = offset;
    this.expected = expected;
  }
}

/** A bound that the peer passed. */
export class LimitError extends MailError {
  /** Name of the limit as the configuration or `limits.ts` spells it. */
  readonly limit: string;
  /** The most that is allowed, in the unit of the limit. */
  readonly allowed: number;

  constructor(limit: string, allowed: number, options?: MailErrorOptions) {
    super(`More than ${allowed} (${limit})`, options);
    this.limit = limit;
    this.allowed = allowed;
  }
}

/** Why a storage operation did not happen. */
export type StorageErrorKind =
  /** The account, mailbox or message is not there. */
  | "notFound"
  /** What was to be made is there already. */
  | "exists"
  /** The account or system has no room left. */
  | "overQuota"
  /** More of something (keywords, children, depth) than a mailbox can have. */
  | "limit"
  /** The name or value can never work. */
  | "invalid"
  /** Somebody else holds what is needed; trying again may work. */
  | "busy"
  /** The operation is not allowed here (INBOX, special mailboxes). */
  | "notAllowed"
  /** A mailbox can not be for that (RFC 6154). */
  | "use"
  /** This account lacks a right that others may have. */
  | "noPermission"
  /** What is on disk cannot be read back. */
  | "corrupt";

/** A storage operation that did not happen. Nothing was changed by it. */
export class StorageError extends MailError {
  readonly kind: StorageErrorKind;

  constructor(
    kind: StorageErrorKind,
    message: string,
    options?: MailErrorOptions,
  ) {
    super(message, options);
    this.kind = kind;
  }
}

/** The far side of a worker channel is gone or did not answer in time. */
export class UnavailableError extends MailError {}

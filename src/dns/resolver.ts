/**
 * DNS as the program asks it. Implementations are beside this file; tests pass
 * a fake that refuses every name that it was not given.
 */
import { MailError, type MailErrorOptions } from "#src/errors/errors.ts";

/** Why a lookup has no answer. */
export type DnsErrorKind =
  /** The name does not exist. */
  | "nxdomain"
  /** The name exists, but has no record of this type. */
  | "nodata"
  /** No answer in time. */
  | "timeout"
  /** The server failed, or could not be reached. */
  | "servfail"
  /** DNSSEC says that the answer is forged. */
  | "bogus";

/** A lookup without an answer. */
export class DnsError extends MailError {
  readonly kind: DnsErrorKind;

  constructor(
    kind: DnsErrorKind,
    message: string,
    options?: MailErrorOptions,
  ) {
    super(message, options);
    this.kind = kind;
  }

  /** Whether asking again later may help. */
  get temporary(): boolean {
    return this.kind === "timeout" || this.kind === "servfail";
  }
}

/** One MX record. RFC 5321 section 5.1. */
export interface MxRecord {
  readonly preference: number;
  /** Host name without trailing dot; empty for the null MX of RFC 7505. */
  readonly exchange: string;
}

/**
 * Asks DNS. Names are given in ASCII (A-labels) and without trailing dot.
 * Every method rejects with `DnsError`; an empty list is never an answer.
 */
export interface Resolver {
  /** IPv4 addresses in the order of the answer. */
  a(name: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** IPv6 addresses in the order of the answer. */
  aaaa(name: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** MX records by ascending preference. */
  mx(name: string, signal?: AbortSignal): Promise<readonly MxRecord[]>;
  /** Each TXT record as its list of character strings. */
  txt(
    name: string,
    signal?: AbortSignal,
  ): Promise<readonly (readonly string[])[]>;
  /** Names that the address points back to, lower case. `address` is v4 or v6. */
  ptr(address: string, signal?: AbortSignal): Promise<readonly string[]>;
}

/** The SMTP session and envelope as filters and deliveries see them. */

/** Who logged in. */
export interface Identity {
  /** Name of the account, normalised. */
  readonly account: string;
  /** Instance of the auth module that said so. */
  readonly auth: string;
}

/** Facts of an SMTP connection. Grows as the dialogue goes on; plain data. */
export interface SessionInfo {
  /** Unique; stands in log lines and Received. */
  readonly id: string;
  readonly protocol: "smtp" | "submission" | "lmtp" | "local";
  /** Canonical text of the address; IPv4 never in its mapped form. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Argument of HELO/EHLO/LHLO as sent; empty before it. */
  readonly helo: string;
  /** EHLO or LHLO was used. */
  readonly esmtp: boolean;
  readonly tls: TlsInfo | undefined;
  readonly identity: Identity | undefined;
}

/** Facts of the TLS session. */
export interface TlsInfo {
  /** As OpenSSL spells it: `TLSv1.3`. */
  readonly version: string;
  readonly cipher: string;
  readonly serverName: string | undefined;
}

/** Parameters of MAIL FROM. */
export interface MailParameters {
  readonly sizeBytes?: number;
  readonly body?: "7BIT" | "8BITMIME" | "BINARYMIME";
  readonly smtpUtf8?: boolean;
  readonly requireTls?: boolean;
  /** RFC 3461 section 4.3. */
  readonly ret?: "FULL" | "HDRS";
  /** RFC 3461 section 4.4, decoded from xtext. */
  readonly envid?: string;
}

/** What is known of a message before its bytes. Plain data. */
export interface Envelope {
  /** Unique; stands in log lines, Received and the `250` answer. */
  readonly id: string;
  readonly session: SessionInfo;
  /** Reverse path without angle brackets; empty for `<>`. */
  readonly mailFrom: string;
  readonly parameters: MailParameters;
  /** Milliseconds since 1970-01-01 UTC: when MAIL was accepted. */
  readonly receivedAt: number;
}

/** RFC 3461 section 4.1. */
export type Notify = "NEVER" | "SUCCESS" | "FAILURE" | "DELAY";

/** One recipient. Plain data. */
export interface Recipient {
  /** Where to deliver now, after rewriting. */
  readonly address: string;
  /** As given in RCPT TO. */
  readonly original: string;
  readonly notify?: readonly Notify[];
  /** RFC 3461 section 4.2, `type;address`, decoded from xtext. */
  readonly orcpt?: string;
}

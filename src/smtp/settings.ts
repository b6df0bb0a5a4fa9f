/** What the configuration says of one SMTP server. */
import type { TlsContexts } from "#src/net/tls_contexts.ts";

/** What to do with CR and LF that stand alone. */
export type BareLineEnds = "refuse" | "normalise";

/** Settings of one server; all of its connections share them. */
export interface SmtpSettings {
  readonly protocol: "smtp" | "lmtp";
  /** By which the server greets. */
  readonly hostname: string;
  /** After the name in the greeting. */
  readonly banner: string;
  /** `undefined`: no TLS at all. */
  readonly tls: TlsContexts | undefined;
  /** TLS from the first byte. */
  readonly implicitTls: boolean;
  /** Passwords may cross the wire in the clear. */
  readonly insecureAuth: boolean;
  /** MAIL only after AUTH. */
  readonly requireAuth: boolean;
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  readonly greetingDelayMs: number;
  readonly commandTimeoutMs: number;
  readonly messageTimeoutMs: number;
  /** Slowest average rate of a message. */
  readonly minBytesPerSecond: number;
  /** Refuses text lines longer than RFC 5321 allows. */
  readonly strictLines: boolean;
  readonly bareLineEnds: BareLineEnds;
}

/** Settings for tests and library use; the defaults of the endpoints. */
export const DEFAULT_SMTP_SETTINGS: SmtpSettings = {
  protocol: "smtp",
  hostname: "localhost",
  banner: "",
  tls: undefined,
  implicitTls: false,
  insecureAuth: false,
  requireAuth: false,
  maxMessageBytes: 50 * 1024 * 1024,
  maxRecipients: 1000,
  greetingDelayMs: 0,
  commandTimeoutMs: 300_000,
  messageTimeoutMs: 1_800_000,
  minBytesPerSecond: 500,
  strictLines: false,
  bareLineEnds: "refuse",
};

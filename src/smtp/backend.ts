/**
 * What the SMTP server needs of the rest of the program. `src/endpoints` joins
 * it with a pipeline and an `auth`; `src/smtp` knows neither.
 *
 * Refusals are thrown as `SmtpError`; any other thrown value is answered with
 * `451 4.3.0` (a full disk: `452 4.3.1`) and a reference that the log carries. All methods are called in
 * the order of the dialogue, one at a time for one session.
 */
import type { SmtpError } from "#src/smtp/reply.ts";

/** Facts of the connection; grows as the dialogue goes on. */
export interface SmtpSession {
  readonly id: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly helo: string;
  readonly esmtp: boolean;
  readonly tls:
    | {
      readonly version: string;
      readonly cipher: string;
      readonly serverName: string | undefined;
    }
    | undefined;
  /** Whatever `login` gave; `undefined` before it. */
  readonly user: unknown;
}

/** MAIL FROM as parsed. */
export interface MailCommand {
  /** Empty for `<>`. */
  readonly address: string;
  readonly sizeBytes?: number;
  readonly body?: "7BIT" | "8BITMIME" | "BINARYMIME";
  readonly smtpUtf8?: boolean;
  readonly requireTls?: boolean;
  readonly ret?: "FULL" | "HDRS";
  readonly envid?: string;
}

/** RCPT TO as parsed. */
export interface RcptCommand {
  readonly address: string;
  readonly notify?: readonly ("NEVER" | "SUCCESS" | "FAILURE" | "DELAY")[];
  readonly orcpt?: string;
}

/**
 * The message without dot-stuffing, as it arrived. A message that is small and
 * complete comes as one array, which belongs to the callee; everything else is
 * a stream, which errors when the client is gone or breaks a rule or a limit.
 */
export type MessageSource = Uint8Array | ReadableStream<Uint8Array>;

/** One mail transaction. */
export interface SmtpTransaction {
  /** RCPT TO. */
  recipient(command: RcptCommand): Promise<void>;
  /**
   * DATA or BDAT: the message. Ends the transaction, whatever comes of it.
   * Resolves with one result for each accepted recipient in order: `undefined`
   * for success. For SMTP the server answers with the first failure only if no
   * recipient succeeded; for LMTP it answers for each.
   */
  data(message: MessageSource): Promise<readonly (SmtpError | undefined)[]>;
  /**
   * RSET, a new greeting, a refused message, or the client is gone. Not called
   * once `data` was. Never throws.
   */
  abort(): Promise<void>;
  /** Stands in the `250` answer as the name of the message. */
  readonly id: string;
}

/** One connection. */
export interface SmtpBackendSession {
  /** Before the greeting. */
  connect(): Promise<void>;
  /** HELO, EHLO or LHLO, also again after STARTTLS. */
  helo(session: SmtpSession): Promise<void>;
  /** AUTH with a password. Gives the user, or `undefined` for a wrong one. */
  login?(user: string, password: string): Promise<unknown>;
  /** MAIL FROM. */
  mail(session: SmtpSession, command: MailCommand): Promise<SmtpTransaction>;
  /** The connection is over. Never throws. */
  end(): void;
}

/** Makes the server's side of each connection. */
export interface SmtpBackend {
  /** The session object keeps growing; read it when it is needed. */
  open(session: SmtpSession): SmtpBackendSession;
}

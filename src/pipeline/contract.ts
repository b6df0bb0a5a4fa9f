/**
 * How endpoints run mail through a compiled pipeline. The pipeline is a value
 * that can be run without a socket.
 *
 * Refusals are thrown as `SmtpError`. Whatever else is thrown is a fault of
 * ours: `reply_of_error` makes it `451 4.3.0` with a reference.
 */
import type {
  Envelope,
  MailParameters,
  Recipient,
  SessionInfo,
} from "#src/module/roles/session.ts";
import type { MessageSource } from "#src/smtp/backend.ts";
import type { SmtpError } from "#src/smtp/reply.ts";

/** Steps of one endpoint, ready to run. Shared by all of its connections. */
export interface CompiledPipeline {
  /** Begins a connection; `session` is the state at connect. */
  open(session: SessionInfo): PipelineSession;
  /**
   * Without a socket: the whole way of one message. For library use, bounces
   * and tests.
   */
  run(
    envelope: Envelope,
    recipients: readonly Recipient[],
    message: MessageSource,
  ): Promise<readonly (SmtpError | undefined)[]>;
}

/** One connection. */
export interface PipelineSession {
  /** Runs stage `connect` of the filters; before the greeting. */
  connect(): Promise<void>;
  /** Runs stage `helo`; also again after STARTTLS. */
  helo(session: SessionInfo): Promise<void>;
  /** Runs stage `sender` and what can be decided without a recipient. */
  mail(
    session: SessionInfo,
    mailFrom: string,
    parameters: MailParameters,
  ): Promise<PipelineTransaction>;
  /** The connection is over. Never throws. */
  end(): void;
}

/** One message. */
export interface PipelineTransaction {
  /** The envelope's id. */
  readonly id: string;
  /**
   * Walks the steps for this recipient: stage `recipient`, `match`,
   * `require-auth`, `rewrite`, and `addRecipient` of the deliveries reached.
   * `550 5.1.1` or `550 5.7.1` where no reachable delivery takes it.
   */
  recipient(recipient: Recipient): Promise<void>;
  /**
   * Adds the Received field, spools, filters, delivers. One result for each
   * accepted recipient, in order; `undefined` is success. A small message that
   * has arrived whole comes as one array: no stream is needed for it.
   */
  data(message: MessageSource): Promise<readonly (SmtpError | undefined)[]>;
  /** Never throws. */
  abort(): Promise<void>;
}

/**
 * Role `filter`: looks at or transforms a message; may drop, refuse,
 * quarantine.
 *
 * Contract
 * - `start` is called once for each message (for the stages before MAIL: once
 *   for each connection, and again when the facts of the session change), and
 *   gives an object that keeps what the filter learns between stages.
 * - A filter implements the stages that it needs, each as early as it can.
 *   Stages are called in the order of the fields below; a stage is called at
 *   most once, `recipient` once for each recipient.
 * - Stages of independent filters run at the same time; verdicts are merged in
 *   the order of the configuration. A filter that changes header or body is
 *   run alone, after those written before it.
 * - Expected outcomes are verdicts. A thrown value becomes `451 4.3.0`; a
 *   filter that crashes never counts as "pass".
 * - All asynchronous work stops when `context.signal` is aborted.
 */
import type { Body } from "#src/message/body.ts";
import type { HeaderBlock } from "#src/message/header_block.ts";
import type { DeliveryContext } from "#src/module/roles/context.ts";
import type {
  Envelope,
  Recipient,
  SessionInfo,
} from "#src/module/roles/session.ts";
import type { Verdict } from "#src/module/roles/verdict.ts";

/** Looks at or transforms messages. */
export interface Filter {
  /**
   * Whether stage `body` may give another header or body. Such filters run
   * alone and in order; all others may run at the same time.
   */
  readonly transforms?: boolean;
  start(context: DeliveryContext): FilterRun;
}

/** A message as filters see it. Nothing is handed on by reference to bytes. */
export interface FilterMessage {
  readonly envelope: Envelope;
  readonly recipients: readonly Recipient[];
  readonly header: HeaderBlock;
  /** Not read into memory: open it and read it as a stream. */
  readonly body: Body;
}

/** What stage `body` says. */
export interface BodyVerdict {
  readonly verdict: Verdict;
  /** Complete fields, each ending with CRLF, to be added on top. */
  readonly prepend?: Uint8Array;
  /** Another header (before `prepend` is added); only with `transforms`. */
  readonly header?: HeaderBlock;
  /** Another body; only with `transforms`. Read once, while spooling. */
  readonly body?: ReadableStream<Uint8Array>;
}

/** A filter at work on one message. */
export interface FilterRun {
  /** A client is connected; before the greeting. */
  connect?(session: SessionInfo): Promise<Verdict>;
  /** HELO, EHLO or LHLO was given. */
  helo?(session: SessionInfo): Promise<Verdict>;
  /** MAIL FROM was given. */
  sender?(envelope: Envelope): Promise<Verdict>;
  /** RCPT TO was given. */
  recipient?(envelope: Envelope, recipient: Recipient): Promise<Verdict>;
  /** The header is complete; the body is still on its way. */
  header?(envelope: Envelope, header: HeaderBlock): Promise<Verdict>;
  /** The whole message is there. */
  body?(message: FilterMessage): Promise<BodyVerdict>;
  /** The message is finished or given up; frees everything. Never throws. */
  end?(): Promise<void>;
}

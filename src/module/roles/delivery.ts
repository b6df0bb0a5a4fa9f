/**
 * Role `delivery`: takes a message over. The heart of the pipeline.
 *
 * Contract
 * - `start` is cheap and makes nothing durable. A transaction is used by one
 *   caller, one call at a time: `start`, `addRecipient` (one or more), `body`
 *   (once), then `commit` or `abort`. `abort` may be called at any time before
 *   `commit` and frees everything; after `commit` it is not called.
 * - Nothing is visible or durable before `commit`; when `commit` has resolved
 *   with a success for a recipient, that recipient's copy is on disk or the
 *   next host has taken it.
 * - Recipients of one transaction that share a storage are one transaction
 *   there: all of them become visible together or none.
 * - A refusal that was to be expected is a value. A thrown value means that
 *   something broke: the caller treats it as `451 4.3.0` for all recipients
 *   that it concerns.
 * - The delivery never changes the message. Trace fields that belong to final
 *   delivery (Return-Path, Delivered-To) are added by it on top (RFC 5321
 *   section 4.4).
 */
import type { HeaderBlock } from "#src/message/header_block.ts";
import type { Body } from "#src/message/body.ts";
import type { DeliveryContext } from "#src/module/roles/context.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";
import type { SmtpError } from "#src/smtp/reply.ts";
import type { MessageSummary } from "#src/imap/summary.ts";

/** Takes messages over. */
export interface Delivery {
  /**
   * Whether the delivery stores `MessageSummary` of each message. The pipeline
   * then computes it once, in the worker that received the message.
   */
  readonly wantsSummary?: boolean;
  /**
   * Whether `addRecipient` only reads the storage, so that copies in reader
   * workers may be asked: there it does not wait for a commit under way.
   */
  readonly checksByReading?: boolean;
  /**
   * Whether recipients of anybody's domain are taken and sent on to other
   * hosts. The pipeline then refuses strangers' mail for strangers unless the
   * configuration allows it in plain words.
   */
  readonly relays?: boolean;
  /** Begins to take over one message. */
  start(
    envelope: Envelope,
    context: DeliveryContext,
  ): Promise<DeliveryTransaction>;
}

/** The message as `DeliveryTransaction.body` receives it. */
export interface DeliveryMessage {
  /** Header as it leaves the pipeline, trace fields of this server included. */
  readonly header: HeaderBlock;
  /** Usable until `commit` or `abort` resolves. */
  readonly body: Body;
  /** Present where `wantsSummary` asked for it. */
  readonly summary?: MessageSummary;
}

/** What became of one recipient. */
export type RecipientResult =
  | { readonly recipient: Recipient; readonly ok: true }
  | {
    readonly recipient: Recipient;
    readonly ok: false;
    readonly error: SmtpError;
  };

/** One message on its way into a delivery. */
export interface DeliveryTransaction {
  /**
   * Adds a recipient, or says why not: unknown mailbox, over quota. A refused
   * recipient is not part of the transaction; the others are not touched.
   * Called at RCPT TO, so it must be fast.
   */
  addRecipient(recipient: Recipient): Promise<SmtpError | undefined>;
  /**
   * Gives the message. May read the body now or at `commit`. Resolves when the
   * delivery has what it needs to commit.
   */
  body(message: DeliveryMessage): Promise<void>;
  /** Takes over; one result for each added recipient, in the order of adding. */
  commit(): Promise<readonly RecipientResult[]>;
  /** Forgets everything. Never throws. */
  abort(): Promise<void>;
}

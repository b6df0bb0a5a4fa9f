/** What the queue keeps. */
import type { Body } from "#src/message/body.ts";
import type { Envelope, Notify, Recipient } from "#src/module/roles/session.ts";
import type { Detail, FailureCode } from "#src/smtp/reply.ts";

/** The last answer for a recipient. Plain data. */
export interface LastReply {
  readonly code: FailureCode;
  readonly detail: Detail;
  readonly text: string;
  /** Who answered: the name of the next host, where it was one. */
  readonly host?: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * `queued` waits for its next attempt; `held` waits for a person, because its
 * delivery broke in a way that trying again would only repeat.
 */
export type RecipientState = "queued" | "held";

/** Where a message goes: on to other hosts, or back to an account here. */
export type Route = "target" | "bounce";

/** Mail for one lane is counted against the limit of one destination. */
export const BOUNCE_LANE = "!bounce";

/** One recipient of a queued message. */
export interface QueuedRecipient {
  /** Key of its row. */
  readonly key: number;
  readonly recipient: Recipient;
  /** Attempts made so far. */
  readonly attempts: number;
  /** The sender was told of the delay. */
  readonly delayReported: boolean;
}

/** One message as an attempt needs it. */
export interface QueuedMessage {
  /** Key of its row. */
  readonly key: number;
  /** Its name for people and logs. */
  readonly id: string;
  readonly envelope: Envelope;
  readonly header: Uint8Array;
  readonly body: Body;
  readonly route: Route;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A message that is to be queued. */
export interface NewMessage {
  readonly id: string;
  readonly envelope: Envelope;
  readonly header: Uint8Array;
  /** Small bodies; `undefined` where `file` has it. */
  readonly body: Uint8Array | undefined;
  /** Name of a synced file in the folder of bodies. */
  readonly file: string | undefined;
  readonly bodySize: number;
  readonly route: Route;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly recipients: readonly Recipient[];
  /** The account of whose day it is a part (`account_limits.ts`). */
  readonly countedFor?: string;
}

/** What an attempt did to one recipient. */
export type RecipientChange =
  /** Delivered, or failed for good: the row goes. */
  | { readonly kind: "done" }
  /** Another attempt at `nextAt`. */
  | {
    readonly kind: "deferred";
    readonly nextAt: number;
    readonly reply: LastReply;
    readonly delayReported: boolean;
  }
  /** Put aside. */
  | { readonly kind: "held"; readonly reply: LastReply }
  /** The account refused its bounce: go the other way, at once. */
  | { readonly kind: "rerouted" };

/** One recipient as `queue list` shows it. Fits JSON. */
export interface RecipientView {
  readonly address: string;
  readonly original: string;
  readonly state: RecipientState | "sending";
  readonly attempts: number;
  /** ISO 8601. */
  readonly next_attempt: string;
  readonly last_reply: string | null;
  readonly last_host: string | null;
  readonly notify: readonly Notify[] | null;
}

/** One message as `queue list` shows it. Fits JSON. */
export interface MessageView {
  readonly id: string;
  /** Id of the SMTP transaction, as in its log lines and its Received field. */
  readonly envelope_id: string;
  readonly from: string;
  readonly size: number;
  /** ISO 8601. */
  readonly created: string;
  /** ISO 8601. */
  readonly expires: string;
  readonly route: Route;
  readonly recipients: readonly RecipientView[];
}

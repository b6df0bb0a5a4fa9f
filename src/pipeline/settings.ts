/** What an endpoint tells its pipeline besides the steps. */
import type { Ref } from "#src/module/ref.ts";

/** Settings of one endpoint. */
export interface PipelineSettings {
  /** Kind of endpoint; `lmtp` answers for each recipient. */
  readonly kind: "smtp" | "submission" | "lmtp" | "local";
  /** Name in Received and Authentication-Results; that of the globals. */
  readonly hostname?: string;
  /** Through which clients log in; needed for `sender_check`. */
  readonly auth?: Ref<"auth"> | undefined;
  /**
   * A logged-in sender may only use addresses that are theirs, in MAIL FROM
   * and in the From field.
   */
  readonly sender_check?: boolean;
  /** Adds Date and Message-ID where they are missing; exactly one From. */
  readonly submission?: boolean;
  /** Strangers may send to strangers through this endpoint. */
  readonly open_relay?: boolean;
  /** Largest message in bytes; that of the endpoint. Default 50 MiB. */
  readonly max_size?: number;
}

/** Bounds of the pipeline, each with its reason. */
export const PIPELINE_LIMITS = {
  /** Bodies up to this stay in memory: most mail, and 100 at once fit. */
  memoryBytes: 1024 * 1024,
  /** Header fields together; the largest seen in the wild are below 256 KiB. */
  headerBytes: 1024 * 1024,
  /** Message size where the endpoint says nothing. FIELD.md. */
  messageBytes: 50 * 1024 * 1024,
  /** Received fields that mean a loop. RFC 5321 section 6.3: at least 100. */
  receivedFields: 100,
  /** Addresses that one recipient may become by `rewrite`. */
  rewrittenAddresses: 1000,
  /** Aliases of aliases. */
  rewriteDepth: 16,
  /** Different ways through the steps that one message may take. */
  forks: 1000,
} as const;

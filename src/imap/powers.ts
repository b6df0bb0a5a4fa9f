/**
 * What a store may be able to do beyond `StorageBackend`. CAPABILITY says what
 * is there. Every method takes one request of plain data, and a signal where
 * the answer may take long; `POWER_METHODS` says who serves it, so that one
 * stub and one service carry all of them between workers.
 */
import type { AccountId, MailboxId } from "./backend.ts";
import type { SearchKey } from "./search_key.ts";

/** By what SORT sorts. RFC 5256 section 3, RFC 5957. */
export interface SortCriterion {
  readonly by:
    | "arrival"
    | "cc"
    | "date"
    | "displayFrom"
    | "displayTo"
    | "from"
    | "size"
    | "subject"
    | "to";
  readonly reverse: boolean;
}

/** RFC 5256 section 3. */
export type ThreadAlgorithm = "ORDEREDSUBJECT" | "REFERENCES";

/**
 * Threads as a walk that meets parents before children: the UID at each step
 * and how deep it stands. UID 0 is a parent that nobody has. Depth 0 begins a
 * thread.
 */
export interface ThreadWalk {
  readonly uids: Uint32Array;
  readonly depths: Uint32Array;
}

/** SORT and THREAD. */
export interface OrderPower {
  /** UIDs that match, sorted; equal ones in the order of the mailbox. */
  sort(
    request: {
      readonly mailbox: MailboxId;
      readonly key: SearchKey;
      readonly criteria: readonly SortCriterion[];
    },
    signal?: AbortSignal,
  ): Promise<Uint32Array>;
  /** Threads of the messages that match. */
  thread(
    request: {
      readonly mailbox: MailboxId;
      readonly key: SearchKey;
      readonly algorithm: ThreadAlgorithm;
    },
    signal?: AbortSignal,
  ): Promise<ThreadWalk>;
}

/** RFC 9208 section 5. `STORAGE` counts bytes here, not units of 1,024. */
export type QuotaResource = "STORAGE" | "MESSAGE";

/** One limit. */
export interface QuotaUsage {
  readonly resource: QuotaResource;
  readonly used: number;
  /** `undefined`: as much as there is room for. */
  readonly limit: number | undefined;
}

/** A set of mailboxes that share limits. */
export interface QuotaRoot {
  readonly name: string;
  readonly usage: readonly QuotaUsage[];
}

/** RFC 9208. That limits are kept is the store's own duty. */
export interface QuotaPower {
  /** Roots of a mailbox; `notFound`. */
  rootsOf(
    request: { readonly account: AccountId; readonly mailbox: string },
  ): Promise<readonly QuotaRoot[]>;
  /** One root; `notFound`. */
  root(
    request: { readonly account: AccountId; readonly name: string },
  ): Promise<QuotaRoot>;
}

/** Who may do what in a mailbox. RFC 4314 section 2.1. */
export interface AclEntry {
  /** An account's name, `anyone`, or either with `-` before it. */
  readonly identifier: string;
  /** Letters of RFC 4314. */
  readonly rights: string;
}

/** RFC 4314. One's own rights stand in `MailboxInfo.rights`. */
export interface AclPower {
  /** Needs the right `a`: `notAllowed`, `notFound`. */
  entries(
    request: { readonly account: AccountId; readonly mailbox: string },
  ): Promise<readonly AclEntry[]>;
  /** No rights are left: the entry is removed. */
  change(
    request: {
      readonly account: AccountId;
      readonly mailbox: string;
      readonly identifier: string;
      readonly mode: "replace" | "add" | "remove";
      readonly rights: string;
    },
  ): Promise<void>;
}

/** One annotation. RFC 5464 section 3. */
export interface MetadataEntry {
  /** In lower case, as `/private/comment`. */
  readonly name: string;
  /** `undefined`: there is none. */
  readonly value: Uint8Array | undefined;
}

/** RFC 5464. */
export interface MetadataPower {
  /** Annotations that are there; `mailbox` left out: of the server. */
  get(
    request: {
      readonly account: AccountId;
      readonly mailbox: string | undefined;
      readonly names: readonly string[];
      /** RFC 5464 section 4.2.2: levels below the names. */
      readonly depth: 0 | 1 | "infinity";
    },
  ): Promise<readonly MetadataEntry[]>;
  /** All or none; `limit`, `notAllowed`, `notFound`. */
  set(
    request: {
      readonly account: AccountId;
      readonly mailbox: string | undefined;
      readonly entries: readonly MetadataEntry[];
    },
  ): Promise<void>;
}

/** What a store can do. */
export interface StoragePowers {
  readonly order?: OrderPower;
  readonly quota?: QuotaPower;
  readonly acl?: AclPower;
  readonly metadata?: MetadataPower;
}

/** Who serves a method: any reader, or the one writer. */
export type PowerHome = "reader" | "writer";

/** Every method of every power. */
export const POWER_METHODS: {
  readonly [P in keyof StoragePowers]-?: {
    readonly [M in keyof NonNullable<StoragePowers[P]>]: PowerHome;
  };
} = {
  order: { sort: "reader", thread: "reader" },
  quota: { rootsOf: "reader", root: "reader" },
  acl: { entries: "reader", change: "writer" },
  metadata: { get: "reader", set: "writer" },
};

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

/** One limit to be set. */
export interface QuotaLimit {
  readonly resource: QuotaResource;
  readonly limit: number;
}

/** RFC 9208. That limits are kept is the store's own duty. */
export interface QuotaPower {
  /**
   * Roots of a mailbox, which need not exist. Of another's mailbox none: what
   * somebody has stored is not told to others.
   */
  rootsOf(
    request: { readonly account: AccountId; readonly mailbox: string },
  ): Promise<readonly QuotaRoot[]>;
  /** One root; `notFound`, also for another's without `isAdministrator`. */
  root(
    request: {
      readonly account: AccountId;
      readonly name: string;
      readonly isAdministrator: boolean;
    },
  ): Promise<QuotaRoot>;
  /**
   * Sets the limits of a root; what is not named has none afterwards. The
   * caller has made sure that an administrator asks. `notFound`.
   */
  set(
    request: {
      readonly name: string;
      readonly limits: readonly QuotaLimit[];
    },
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
  /** The owner stands first. Needs the right `a`: `noPermission`, `notFound`. */
  entries(
    request: { readonly account: AccountId; readonly mailbox: string },
  ): Promise<readonly AclEntry[]>;
  /**
   * Rights of an identifier that may be granted, those that it always has left
   * out. Needs the right `a`.
   */
  grantable(
    request: {
      readonly account: AccountId;
      readonly mailbox: string;
      readonly identifier: string;
    },
  ): Promise<string>;
  /**
   * Rights in a mailbox as of now: `undefined` in one's own, empty where there
   * are none, or no mailbox.
   */
  rightsOf(
    request: { readonly account: AccountId; readonly mailbox: MailboxId },
  ): Promise<string | undefined>;
  /**
   * Needs the right `a`. No rights are left: the entry is removed. `invalid`
   * for what can be no identifier, `notAllowed` for the owner, `limit`.
   */
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
  /**
   * Annotations that are there; `mailbox` left out: of the server.
   * `noPermission`, `notFound`.
   */
  get(
    request: {
      readonly account: AccountId;
      readonly mailbox: string | undefined;
      readonly names: readonly string[];
      /** RFC 5464 section 4.2.2: levels below the names. */
      readonly depth: 0 | 1 | "infinity";
    },
  ): Promise<readonly MetadataEntry[]>;
  /**
   * All or none; `limit`, `noPermission`, `notFound`. What all users of the
   * server see only an administrator sets. `by` comes back in the hint.
   */
  set(
    request: {
      readonly account: AccountId;
      readonly mailbox: string | undefined;
      readonly isAdministrator: boolean;
      readonly entries: readonly MetadataEntry[];
      readonly by?: string;
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
  quota: { rootsOf: "reader", root: "reader", set: "writer" },
  acl: {
    entries: "reader",
    grantable: "reader",
    rightsOf: "reader",
    change: "writer",
  },
  metadata: { get: "reader", set: "writer" },
};

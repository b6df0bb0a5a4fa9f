/**
 * What the IMAP server needs of the store: the contract of role `storage`.
 *
 * Rules for every implementation
 * - Methods are stateless: they name account and mailbox by number, and all
 *   arguments and results are plain data (structured clone), so that a stub in
 *   another worker can stand for the store. Message bytes travel in chunks.
 * - A method that changes something resolves after the change is on disk, and
 *   the change is then visible to every later call of any worker. A rejected
 *   call changed nothing, save where it says otherwise.
 * - UIDs ascend and are never used twice under one UIDVALIDITY. Every change
 *   of a message (new, flags, expunge) takes the mailbox's next mod-sequence
 *   (RFC 7162); expunged UIDs stay in the change log.
 * - The change log is the truth. `watch` only says that a mailbox has moved on;
 *   who cares asks `changes`. A hint may come twice or late, never too early.
 * - Mailbox names are Unicode (NFC), levels separated by `/`; INBOX in capitals.
 *   The protocol's own encodings (modified UTF-7) are not known here.
 * - Expected failures are `StorageError` with their kind.
 */
import type { MessageSummary } from "#src/imap/summary.ts";
import type { StoragePowers } from "#src/imap/powers.ts";
import type { SearchKey } from "#src/imap/search_key.ts";

export type AccountId = number;
export type MailboxId = number;
/** 1 to 2^32-1. */
export type Uid = number;
/** 1 to 2^53-1, though RFC 7162 allows 63 bits. */
export type ModSeq = number;

/** Special uses of RFC 6154 and RFC 8457, as stored. */
export const SPECIAL_USES = [
  "\\All",
  "\\Archive",
  "\\Drafts",
  "\\Flagged",
  "\\Junk",
  "\\Sent",
  "\\Trash",
  "\\Important",
] as const;

/** One of them. */
export type SpecialUse = typeof SPECIAL_USES[number];

/** The counters of one mailbox: what STATUS answers, from one row. */
export interface MailboxStatus {
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  /** Sum of RFC822.SIZE. */
  readonly sizeBytes: number;
  /** Sum of RFC822.SIZE of the messages with \Deleted. */
  readonly deletedBytes: number;
  readonly uidNext: Uid;
  readonly uidValidity: number;
  readonly highestModSeq: ModSeq;
  /** First UID that no session has been told of as \Recent yet. */
  readonly firstRecentUid: Uid;
}

/** A mailbox, or a name that only has children or a subscription. */
export interface MailboxInfo {
  /** `undefined`: not a mailbox (\NonExistent or \Noselect). */
  readonly id: MailboxId | undefined;
  readonly name: string;
  readonly specialUse: SpecialUse | undefined;
  readonly subscribed: boolean;
  readonly status: MailboxStatus | undefined;
  /** RFC 8474; stable over RENAME. */
  readonly objectId: string;
  /**
   * Letters of RFC 4314 in another's mailbox; left out: it is one's own. Without
   * `r` the status is not told. Who holds an `id` has looked at this first:
   * methods that take a `MailboxId` do not ask again.
   */
  readonly rights?: string;
}

/**
 * Flags of a message as one number below 2^53. Bits 0 to 4 are the system
 * flags of `SYSTEM_FLAGS`, bit 5 + n is keyword n of the mailbox. Bits above 31
 * must be taken with division, not with bit operators: see `imap/flags.ts`.
 */
export type FlagSet = number;

/** System flags in the order of their bits. `\Recent` is not stored. */
export const SYSTEM_FLAGS = [
  "\\Seen",
  "\\Answered",
  "\\Flagged",
  "\\Deleted",
  "\\Draft",
] as const;

/**
 * Keywords that one mailbox can have; to set one more is `StorageError` `limit`,
 * on messages that are put there it is left out.
 */
export const MAX_KEYWORDS = 48;

/**
 * A mailbox as a whole. The arrays have one entry a message, in ascending
 * order of UID; they belong to the caller.
 */
export interface MailboxSnapshot {
  readonly status: MailboxStatus;
  /** Keyword n has bit 5 + n. Only ever grows. */
  readonly keywords: readonly string[];
  readonly uids: Uint32Array;
  readonly modSeqs: Float64Array;
  readonly flags: Float64Array;
}

/** What happened since a mod-sequence. */
export interface MailboxChanges {
  readonly status: MailboxStatus;
  readonly keywords: readonly string[];
  /** New or changed messages, ascending by UID, with their present state. */
  readonly uids: Uint32Array;
  readonly modSeqs: Float64Array;
  readonly flags: Float64Array;
  /** Expunged UIDs, ascending. */
  readonly expunged: Uint32Array;
  /** The mailbox itself is gone. */
  readonly deleted: boolean;
}

/** A section of a message, resolved by the session with `structure`. */
export interface ByteRange {
  /** Where the bytes are: header block, or body (offsets as in the summary). */
  readonly of: "header" | "body" | "message";
  readonly start: number;
  /** Exclusive; `undefined`: to the end. */
  readonly end: number | undefined;
}

/** Stored columns that a fetch asks for. */
export interface FetchColumns {
  readonly envelope?: boolean;
  readonly bodyStructure?: boolean;
  readonly bodyBasic?: boolean;
  readonly structure?: boolean;
  /** The whole header block. */
  readonly header?: boolean;
  readonly preview?: boolean;
  /** EMAILID and THREADID. */
  readonly ids?: boolean;
  /** INTERNALDATE and SAVEDATE. */
  readonly dates?: boolean;
  /** The whole body, where it is at most this many bytes long. */
  readonly bodyUpTo?: number;
}

/**
 * One message of a fetch; optional fields as asked for. Flags and mod-sequences
 * are in the snapshot.
 */
export interface FetchedMessage {
  readonly uid: Uid;
  /** Milliseconds since 1970 UTC; 0 where dates were not asked for. */
  readonly internalDate: number;
  /** RFC822.SIZE: header and body. */
  readonly sizeBytes: number;
  readonly headerBytes: number;
  /** RFC 8514 SAVEDATE in milliseconds; 0 where dates were not asked for. */
  readonly savedAt: number;
  /** RFC 8474; empty where not asked for, THREADID also where there is none. */
  readonly emailId: string;
  readonly threadId: string;
  readonly envelope?: Uint8Array | undefined;
  readonly bodyStructure?: Uint8Array | undefined;
  readonly bodyBasic?: Uint8Array | undefined;
  /** JSON of `PartRange`. */
  readonly structure?: string | undefined;
  readonly header?: Uint8Array | undefined;
  readonly preview?: string | undefined;
  readonly body?: Uint8Array | undefined;
}

/** A message to store. */
export interface NewMessage {
  readonly flags: readonly string[];
  /** Milliseconds since 1970 UTC. */
  readonly internalDate: number;
  readonly header: Uint8Array;
  /** Whole in memory, or a stream with its length known. */
  readonly body: Uint8Array | ReadableStream<Uint8Array>;
  readonly bodySize: number;
  readonly summary: MessageSummary;
}

/** Which flags somebody may change. RFC 4314 section 4. */
export interface FlagGuard {
  /** \Seen. */
  readonly seen: boolean;
  /** \Deleted. */
  readonly deleted: boolean;
  /** All the rest, keywords among them. */
  readonly others: boolean;
}

/** How STORE changes flags. */
export interface StoreRequest {
  readonly mode: "add" | "remove" | "replace";
  readonly flags: readonly string[];
  /** RFC 7162 section 3.1.3: leave alone what has changed since. */
  readonly unchangedSince?: ModSeq;
  /** Left out: all. Others stay as they are. */
  readonly mayChange?: FlagGuard;
}

/** How COPY and MOVE place messages. */
export interface CopyOptions {
  readonly move: boolean;
  /** Flags that the copies may have; left out: all. */
  readonly mayChange?: FlagGuard;
}

/** Outcome of STORE. */
export interface StoreOutcome {
  /** What changed or already was so, with present state, ascending by UID. */
  readonly uids: Uint32Array;
  readonly modSeqs: Float64Array;
  readonly flags: Float64Array;
  /** UIDs refused because of `unchangedSince`. */
  readonly modified: Uint32Array;
  readonly keywords: readonly string[];
  /**
   * What the mailbox was before and is now: who knew all up to `before` knows
   * all up to `status.highestModSeq` with this outcome and need not ask.
   */
  readonly step?: { readonly before: ModSeq; readonly status: MailboxStatus };
}

/** Outcome of APPEND, REPLACE, COPY and MOVE. RFC 4315 section 3. */
export interface PlacedMessages {
  readonly mailbox: MailboxId;
  readonly uidValidity: number;
  /** For REPLACE, COPY and MOVE: UIDs in the source, in the order of `uids`. */
  readonly sourceUids: Uint32Array;
  readonly uids: Uint32Array;
}

/** An annotation that was set or removed. RFC 5464 section 3.2. */
export interface AnnotationChange {
  /** In lower case, as `/shared/comment`. */
  readonly name: string;
  /** The one who can read it; `undefined`: everybody with the rights. */
  readonly reader: AccountId | undefined;
}

/** Stands for all accounts in a hint: something is shared with `anyone`. */
export const EVERY_ACCOUNT: AccountId = 0;

/** Says that a mailbox has moved on. */
export interface ChangeHint {
  /**
   * The owner; of annotations of the server: who has set them. The list of
   * mailboxes may change for `EVERY_ACCOUNT`.
   */
  readonly account: AccountId;
  /** `undefined`: the list of mailboxes changed (create, rename, subscribe). */
  readonly mailbox: MailboxId | undefined;
  readonly modSeq: ModSeq;
  /**
   * Then the hint says this and nothing else: annotations of the mailbox were
   * changed, or of the server where `mailbox` is `undefined`. Unlike the rest
   * it can not be asked for, so it must come once, and names no values.
   */
  readonly annotations?: {
    readonly changes: readonly AnnotationChange[];
    /** `by` of `MetadataPower.set`. */
    readonly by: string | undefined;
  };
}

/** The store in IMAP terms. */
export interface StorageBackend {
  /** What it can do beyond this interface. */
  readonly powers?: StoragePowers;

  // Reading: may be served by any reader.

  /** The account of a login; `notFound` where it has no mailboxes here. */
  openAccount(name: string): Promise<AccountId>;
  /**
   * Every mailbox and every subscribed name, in no order; those of others as
   * `Other Users/OWNER/...` where one has the right `l` (RFC 4314).
   */
  listMailboxes(account: AccountId): Promise<readonly MailboxInfo[]>;
  /** One mailbox by name; `notFound`, also where one has no right at all. */
  findMailbox(account: AccountId, name: string): Promise<MailboxInfo>;
  /** The whole mailbox. */
  snapshot(mailbox: MailboxId): Promise<MailboxSnapshot>;
  /** What happened after `since`. */
  changes(mailbox: MailboxId, since: ModSeq): Promise<MailboxChanges>;
  /**
   * Columns of messages in ascending order of UID, in batches; UIDs that are
   * gone are left out. Ending the iteration early frees everything.
   */
  fetch(
    mailbox: MailboxId,
    uids: Uint32Array,
    columns: FetchColumns,
  ): AsyncIterable<readonly FetchedMessage[]>;
  /** Bytes of one message; `notFound` where it is gone. */
  open(
    mailbox: MailboxId,
    uid: Uid,
    range: ByteRange,
  ): Promise<ReadableStream<Uint8Array>>;
  /** UIDs that match, ascending. */
  search(
    mailbox: MailboxId,
    key: SearchKey,
    signal?: AbortSignal,
  ): Promise<Uint32Array>;
  /** Longest message that APPEND takes, in bytes. */
  appendLimit(account: AccountId): Promise<number>;

  // Writing: served by the one writer.

  /** `exists`, `invalid`, `limit`. Makes missing parents. */
  createMailbox(
    account: AccountId,
    name: string,
    specialUse?: SpecialUse,
  ): Promise<MailboxInfo>;
  /** `notFound`, `notAllowed` (INBOX). Children stay. */
  deleteMailbox(account: AccountId, name: string): Promise<void>;
  /**
   * Renames with all children. Renaming INBOX moves its messages to a new
   * mailbox and leaves INBOX empty (RFC 9051 section 6.3.6).
   */
  renameMailbox(
    account: AccountId,
    from: string,
    to: string,
  ): Promise<void>;
  /** Names need not exist. */
  setSubscribed(
    account: AccountId,
    name: string,
    subscribed: boolean,
  ): Promise<void>;
  /**
   * Hands the \Recent messages below `below` to the caller: gives the first UID
   * that is recent (which may lie above) and marks what lies between as told.
   * What the caller does not know of yet stays recent for whom it is told to.
   */
  claimRecent(mailbox: MailboxId, below: Uid): Promise<Uid>;
  /** Changes flags of the messages that are (still) there. */
  storeFlags(
    mailbox: MailboxId,
    uids: Uint32Array,
    request: StoreRequest,
  ): Promise<StoreOutcome>;
  /** All of the messages become visible together, or none; `overQuota`. */
  append(
    mailbox: MailboxId,
    messages: readonly NewMessage[],
  ): Promise<PlacedMessages>;
  /**
   * Stores `message` in `target` and removes message `uid`, both or none.
   * `notFound` where that is gone; `overQuota`.
   */
  replace(
    mailbox: MailboxId,
    uid: Uid,
    target: MailboxId,
    message: NewMessage,
  ): Promise<PlacedMessages>;
  /** Copies, or moves, all or none; `overQuota`. */
  copy(
    mailbox: MailboxId,
    uids: Uint32Array,
    target: MailboxId,
    options: CopyOptions,
  ): Promise<PlacedMessages>;
  /** Removes those of `uids` that are \Deleted; gives what was removed. */
  expunge(mailbox: MailboxId, uids: Uint32Array): Promise<Uint32Array>;

  /**
   * Calls `listener` after each commit that changed a mailbox of any account;
   * returns how to stop that. The listener must be fast and must not throw.
   */
  watch(listener: (hint: ChangeHint) => void): () => void;
}

/** The methods that a reader may serve; all others go to the writer. */
export const READING_METHODS = [
  "openAccount",
  "listMailboxes",
  "findMailbox",
  "snapshot",
  "changes",
  "fetch",
  "open",
  "search",
  "appendLimit",
] as const satisfies readonly (keyof StorageBackend)[];

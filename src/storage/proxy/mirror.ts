/**
 * What we know of a mailbox of another server, in the terms of our own store:
 * UIDs, flags as bits, mod-sequences. The other server need not know
 * mod-sequences: here they are instants, so that they ascend over restarts too,
 * and what a client remembers of an earlier run is never too new.
 */
import {
  type FlagSet,
  type MailboxChanges,
  type MailboxSnapshot,
  type MailboxStatus,
  MAX_KEYWORDS,
  type ModSeq,
  type Uid,
} from "#src/imap/backend.ts";
import { DELETED_BIT, flagSetOf, hasBit, SEEN_BIT } from "#src/imap/flags.ts";

/** A message as the other server lists it. */
export interface ListedMessage {
  readonly uid: Uid;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  readonly sizeBytes: number;
}

/** A message as it is kept here. */
export interface MirroredMessage {
  readonly uid: Uid;
  readonly flags: FlagSet;
  readonly modSeq: ModSeq;
  readonly internalDate: number;
  readonly sizeBytes: number;
}

/** Expunged UIDs that are remembered; who knows less is told all anew. */
const MAX_EXPUNGED = 100_000;

/** The state of one mailbox. */
export class Mirror {
  readonly uidValidity: number;
  readonly #now: () => number;
  readonly #messages = new Map<Uid, MirroredMessage>();
  readonly #keywords: string[] = [];
  #expunged: { readonly uid: Uid; readonly modSeq: ModSeq }[] = [];
  #uidNext: Uid;
  #modSeq: ModSeq;

  constructor(uidValidity: number, uidNext: Uid, now: () => number) {
    this.uidValidity = uidValidity;
    this.#uidNext = uidNext;
    this.#now = now;
    this.#modSeq = now();
  }

  get keywords(): readonly string[] {
    return this.#keywords;
  }

  get highestModSeq(): ModSeq {
    return this.#modSeq;
  }

  /** All messages, ascending by UID. */
  get messages(): readonly MirroredMessage[] {
    return [...this.#messages.values()].sort((a, b) => a.uid - b.uid);
  }

  get(uid: Uid): MirroredMessage | undefined {
    return this.#messages.get(uid);
  }

  /** Takes what the server lists now; says whether anything is new. */
  update(listed: readonly ListedMessage[], uidNext: Uid): boolean {
    const modSeq = this.#next();
    let isNew = false;
    const seen = new Set<Uid>();
    for (const one of listed) {
      seen.add(one.uid);
      isNew = this.#take(one, modSeq) || isNew;
    }
    for (const uid of [...this.#messages.keys()]) {
      if (seen.has(uid)) continue;
      this.#remove(uid, modSeq);
      isNew = true;
    }
    this.#uidNext = Math.max(this.#uidNext, uidNext);
    if (isNew) this.#modSeq = modSeq;
    return isNew;
  }

  /** Takes the flags of some messages. */
  setFlags(changed: ReadonlyMap<Uid, readonly string[]>): void {
    const modSeq = this.#next();
    for (const [uid, flags] of changed) {
      const known = this.#messages.get(uid);
      if (known === undefined) continue;
      if (this.#take({ ...known, flags }, modSeq)) this.#modSeq = modSeq;
    }
  }

  status(): MailboxStatus {
    const messages = [...this.#messages.values()];
    const count = (holds: (message: MirroredMessage) => boolean): number =>
      messages.reduce((sum, one) => holds(one) ? sum + 1 : sum, 0);
    return {
      messages: messages.length,
      unseen: count(({ flags }) => !hasBit(flags, SEEN_BIT)),
      deleted: count(({ flags }) => hasBit(flags, DELETED_BIT)),
      sizeBytes: messages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      deletedBytes: messages.reduce(
        (sum, { sizeBytes, flags }) =>
          hasBit(flags, DELETED_BIT) ? sum + sizeBytes : sum,
        0,
      ),
      uidNext: this.#uidNext,
      uidValidity: this.uidValidity,
      highestModSeq: this.#modSeq,
      firstRecentUid: this.#uidNext,
    };
  }

  snapshot(): MailboxSnapshot {
    return {
      status: this.status(),
      keywords: [...this.#keywords],
      ...columns(this.messages),
    };
  }

  changes(since: ModSeq): MailboxChanges {
    return {
      status: this.status(),
      keywords: [...this.#keywords],
      ...columns(this.messages.filter(({ modSeq }) => modSeq > since)),
      expunged: Uint32Array.from(
        this.#expunged.filter(({ modSeq }) => modSeq > since),
        ({ uid }) => uid,
      ).sort(),
      deleted: false,
    };
  }

  /** Later than all before, and not before the clock. */
  #next(): ModSeq {
    return Math.max(this.#modSeq + 1, this.#now());
  }

  #take(listed: ListedMessage, modSeq: ModSeq): boolean {
    const { uid, internalDate, sizeBytes } = listed;
    this.#learn(listed.flags);
    const flags = flagSetOf(listed.flags, this.#keywords);
    if (this.#messages.get(uid)?.flags === flags) return false;
    this.#messages.set(uid, { uid, flags, modSeq, internalDate, sizeBytes });
    this.#uidNext = Math.max(this.#uidNext, uid + 1);
    return true;
  }

  /** Keywords above the bound are not shown. */
  #learn(flags: readonly string[]): void {
    for (const flag of flags) {
      const isKnown = this.#keywords.some((one) =>
        one.toLowerCase() === flag.toLowerCase()
      );
      if (flag.startsWith("\\") || isKnown) continue;
      if (this.#keywords.length < MAX_KEYWORDS) this.#keywords.push(flag);
    }
  }

  #remove(uid: Uid, modSeq: ModSeq): void {
    this.#messages.delete(uid);
    this.#expunged.push({ uid, modSeq });
    if (this.#expunged.length > MAX_EXPUNGED) {
      this.#expunged = this.#expunged.slice(MAX_EXPUNGED / 10);
    }
  }
}

/** The arrays of a snapshot. */
export function columns(
  messages: readonly MirroredMessage[],
): Pick<MailboxSnapshot, "uids" | "modSeqs" | "flags"> {
  return {
    uids: Uint32Array.from(messages, ({ uid }) => uid),
    modSeqs: Float64Array.from(messages, ({ modSeq }) => modSeq),
    flags: Float64Array.from(messages, ({ flags }) => flags),
  };
}

/**
 * One mailbox in memory, shared by all sessions of this worker that have it
 * selected: UIDs, mod-sequences and flags, 20 bytes a message. It always shows
 * the newest state that is known here; what each session has been told of it is
 * in `selected_mailbox.ts`.
 *
 * The change log is the truth. `refresh` reads it from the last mod-sequence
 * on; outcomes of our own STORE and EXPUNGE are entered at once and met again
 * in the log, where their mod-sequence shows that they are known.
 */
import type {
  FlagSet,
  MailboxChanges,
  MailboxId,
  MailboxSnapshot,
  MailboxStatus,
  ModSeq,
  StorageBackend,
  StoreOutcome,
  Uid,
} from "./backend.ts";
import { type Ascending, lowerBound } from "./sorted_numbers.ts";
import { StorageError } from "#src/errors/errors.ts";

/** A session as the view sees it. Calls must be fast and must not throw. */
export interface ViewListener {
  /** Flags or mod-sequence of a message are new. */
  changed(uid: Uid): void;
  /** Called before the messages leave the view; ascending. */
  expunging(uids: Ascending): void;
  /** Something of the above, or new messages. */
  moved(): void;
  /** Whether the session wants to hear at once (IDLE). */
  readonly wakeful: boolean;
}

/** The shared state of one mailbox. */
export class MailboxView {
  readonly mailbox: MailboxId;
  readonly listeners: Set<ViewListener> = new Set();
  readonly #backend: StorageBackend;
  #uids: Uint32Array;
  #modSeqs: Float64Array;
  #flags: Float64Array;
  #count: number;
  /** Where the last message was found; only a guess. */
  #lastFound = 0;
  #keywords: readonly string[];
  #status: MailboxStatus;
  /** Log read up to here. */
  #readUpTo: ModSeq;
  /** UIDs from here on are new to the view. */
  #uidBound: Uid;
  #isStale = false;
  /** The highest hint that came. */
  #hinted: ModSeq = 0;
  #isDeleted = false;
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;

  constructor(
    backend: StorageBackend,
    mailbox: MailboxId,
    snapshot: MailboxSnapshot,
  ) {
    this.#backend = backend;
    this.mailbox = mailbox;
    this.#uids = snapshot.uids;
    this.#modSeqs = snapshot.modSeqs;
    this.#flags = snapshot.flags;
    this.#count = snapshot.uids.length;
    this.#keywords = snapshot.keywords;
    this.#status = snapshot.status;
    this.#readUpTo = snapshot.status.highestModSeq;
    this.#uidBound = snapshot.status.uidNext;
  }

  /** Messages in the view. */
  get count(): number {
    return this.#count;
  }

  /** Ascending; only the first `count` entries mean something. */
  get uids(): Uint32Array {
    return this.#uids;
  }

  get keywords(): readonly string[] {
    return this.#keywords;
  }

  /** Counters as of the last refresh. */
  get status(): MailboxStatus {
    return this.#status;
  }

  /** Every UID of the view is below this. */
  get uidBound(): Uid {
    return this.#uidBound;
  }

  /** The mailbox is gone. */
  get deleted(): boolean {
    return this.#isDeleted;
  }

  /** The log has more than the view. */
  get stale(): boolean {
    return this.#isStale;
  }

  /** Nothing has happened since; what is gone without its log counts too. */
  isUnchangedSince(modSeq: ModSeq): boolean {
    return !this.#isStale && modSeq >= this.#status.highestModSeq;
  }

  /** Index of the message; -1 where it is not here. */
  indexOf(uid: Uid): number {
    const at = this.lowerBound(uid);
    return at < this.#count && this.#uids[at] === uid ? at : -1;
  }

  /** Index of the first message whose UID is at least `uid`. */
  lowerBound(uid: Uid): number {
    // FETCH goes through the messages in their order and asks for each often.
    for (let at = this.#lastFound; at < this.#lastFound + 2; at++) {
      if (at >= this.#count || this.#uids[at] !== uid) continue;
      this.#lastFound = at;
      return at;
    }
    const at = lowerBound(this.#uids, uid, this.#count);
    if (this.#uids[at] === uid) this.#lastFound = at;
    return at;
  }

  flagsAt(index: number): FlagSet {
    return this.#flags[index] ?? 0;
  }

  modSeqAt(index: number): ModSeq {
    return this.#modSeqs[index] ?? 0;
  }

  /** Another session has been given the \Recent messages below `uid`. */
  noteRecentClaimed(uid: Uid): void {
    if (uid <= this.#status.firstRecentUid) return;
    this.#status = { ...this.#status, firstRecentUid: uid };
  }

  /** A hint came. Reads the log at once where a session waits for it. */
  hint(modSeq: ModSeq): void {
    if (modSeq <= this.#readUpTo) return;
    this.#isStale = true;
    this.#hinted = Math.max(this.#hinted, modSeq);
    for (const listener of this.listeners) {
      if (!listener.wakeful) continue;
      // A failure shows itself again, to the session, at its next command.
      this.refresh().catch(() => this.#announce());
      return;
    }
  }

  /** Reads the log where a hint said that there is more. */
  async catchUp(): Promise<void> {
    if (this.#isStale) await this.refresh();
  }

  /**
   * Reads the log. What was committed before the call is in the view when it
   * resolves: a run that had begun earlier is followed by another.
   */
  refresh(): Promise<void> {
    if (this.#running === undefined) return this.#run();
    return this.#queued ??= this.#running.then(
      () => this.#run(),
      () => this.#run(),
    );
  }

  /** Enters what our own STORE did. */
  applyStore(outcome: StoreOutcome): void {
    this.#takeKeywords(outcome.keywords);
    let isNew = false;
    for (let i = 0; i < outcome.uids.length; i++) {
      isNew = this.#update(
        outcome.uids[i] ?? 0,
        outcome.modSeqs[i] ?? 0,
        outcome.flags[i] ?? 0,
      ) || isNew;
    }
    this.#take(outcome.step);
    if (isNew) this.#announce();
  }

  /** The log need not be read for a change that followed what is known. */
  #take(step: StoreOutcome["step"]): void {
    if (step === undefined) return;
    const { highestModSeq } = step.status;
    if (highestModSeq <= this.#readUpTo) return;
    if (step.before > this.#readUpTo) {
      this.#isStale = true;
      return;
    }
    this.#readUpTo = highestModSeq;
    this.#status = step.status;
    // The hint of this very change may have come before its outcome.
    if (this.#hinted === highestModSeq) this.#isStale = false;
  }

  /** Enters what our own EXPUNGE or MOVE removed; ascending. */
  applyExpunged(uids: Uint32Array): void {
    if (!this.#remove(uids)) return;
    // `status` does not count it before the log is read.
    this.#isStale = true;
    this.#announce();
  }

  #run(): Promise<void> {
    this.#queued = undefined;
    this.#running = this.#readLog().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #readLog(): Promise<void> {
    if (this.#isDeleted) return;
    this.#isStale = false;
    try {
      this.#apply(await this.#backend.changes(this.mailbox, this.#readUpTo));
    } catch (error) {
      if (error instanceof StorageError && error.kind === "notFound") {
        this.#delete();
        return;
      }
      this.#isStale = true;
      throw error;
    }
  }

  #apply(changes: MailboxChanges): void {
    if (changes.deleted) {
      this.#delete();
      return;
    }
    this.#takeKeywords(changes.keywords);
    let isNew = this.#remove(changes.expunged);
    const fresh = lowerBound(changes.uids, this.#uidBound);
    for (let i = 0; i < fresh; i++) {
      isNew = this.#update(
        changes.uids[i] ?? 0,
        changes.modSeqs[i] ?? 0,
        changes.flags[i] ?? 0,
      ) || isNew;
    }
    if (fresh < changes.uids.length) {
      this.#append(changes, fresh);
      isNew = true;
    }
    this.#status = changes.status;
    this.#uidBound = Math.max(this.#uidBound, changes.status.uidNext);
    this.#readUpTo = Math.max(this.#readUpTo, changes.status.highestModSeq);
    if (isNew) this.#announce();
  }

  /** Says whether this was news. UIDs that are not here were expunged. */
  #update(uid: Uid, modSeq: ModSeq, flags: FlagSet): boolean {
    const at = this.indexOf(uid);
    if (at < 0 || modSeq <= (this.#modSeqs[at] ?? 0)) return false;
    this.#modSeqs[at] = modSeq;
    this.#flags[at] = flags;
    for (const listener of this.listeners) listener.changed(uid);
    return true;
  }

  #append(changes: MailboxChanges, from: number): void {
    const added = changes.uids.length - from;
    this.#reserve(this.#count + added);
    this.#uids.set(changes.uids.subarray(from), this.#count);
    this.#modSeqs.set(changes.modSeqs.subarray(from), this.#count);
    this.#flags.set(changes.flags.subarray(from), this.#count);
    this.#count += added;
    const last = changes.uids[changes.uids.length - 1] ?? 0;
    this.#uidBound = Math.max(this.#uidBound, last + 1);
  }

  #reserve(count: number): void {
    if (count <= this.#uids.length) return;
    const size = Math.max(count, 16, Math.ceil(this.#uids.length * 1.25));
    const uids = new Uint32Array(size);
    uids.set(this.#uids.subarray(0, this.#count));
    this.#uids = uids;
    const modSeqs = new Float64Array(size);
    modSeqs.set(this.#modSeqs.subarray(0, this.#count));
    this.#modSeqs = modSeqs;
    const flags = new Float64Array(size);
    flags.set(this.#flags.subarray(0, this.#count));
    this.#flags = flags;
  }

  /** Removes those of `uids` that are here; says whether there were any. */
  #remove(uids: Uint32Array): boolean {
    const present = uids.filter((uid) => this.indexOf(uid) >= 0);
    if (present.length === 0) return false;
    for (const listener of this.listeners) listener.expunging(present);
    let to = this.indexOf(present[0] ?? 0);
    let next = 0;
    for (let from = to; from < this.#count; from++) {
      const uid = this.#uids[from] ?? 0;
      if (uid === present[next]) {
        next++;
        continue;
      }
      this.#uids[to] = uid;
      this.#modSeqs[to] = this.#modSeqs[from] ?? 0;
      this.#flags[to] = this.#flags[from] ?? 0;
      to++;
    }
    this.#count = to;
    return true;
  }

  #delete(): void {
    this.#isDeleted = true;
    this.#remove(this.#uids.slice(0, this.#count));
    this.#announce();
  }

  #takeKeywords(keywords: readonly string[]): void {
    if (keywords.length > this.#keywords.length) this.#keywords = keywords;
  }

  #announce(): void {
    for (const listener of this.listeners) listener.moved();
  }
}

/**
 * What one session has been told of its selected mailbox, and the only place
 * where sequence numbers are computed. RFC 9051 section 2.3.1.2 and 7.5.1.
 *
 * The session's list is: the messages of the shared view below `#bound`, and
 * between them those that are gone but whose EXPUNGE has not been told yet. So
 * a session needs memory only for what it has not been told.
 */
import type { FlagSet, ModSeq, Uid } from "./backend.ts";
import { ImapError } from "./errors.ts";
import { FlagTexts } from "./flag_texts.ts";
import type { MailboxView, ViewListener } from "./mailbox_view.ts";
import { SearchContexts } from "./search_contexts.ts";
import { normaliseRanges, STAR } from "./sequence_set.ts";
import {
  type Ascending,
  includesSorted,
  lowerBound,
  mergeSorted,
} from "./sorted_numbers.ts";
import type { UidRanges } from "./search_key.ts";

/** Messages picked by a set, ascending by UID. */
export interface Picked {
  readonly uids: Uint32Array;
  /** Named by the set and gone, though not told yet; ascending. */
  readonly gone: readonly Uid[];
}

/** News for the client, in the order in which to tell it. */
export interface News {
  /** Sequence numbers to be told one after the other. */
  readonly expunged: readonly number[];
  /** UIDs of the same messages, ascending. */
  readonly expungedUids: readonly Uid[];
  /** The new number of messages, where it grew. */
  readonly exists: number | undefined;
  /** UIDs from here on are new to the session (`exists` is set then). */
  readonly newFrom: Uid;
  /** UIDs whose flags have changed, ascending. */
  readonly changed: readonly Uid[];
}

/** One session's side of a view. */
export class SelectedMailbox implements ViewListener {
  readonly readOnly: boolean;
  readonly name: string;
  /** Calls the session in IDLE. */
  onWake: (() => void) | undefined;
  #view: MailboxView | undefined;
  #bound: Uid = 1;
  #toldUpTo: ModSeq = 0;
  #hasToldModSeq = false;
  #gone: readonly Uid[] = [];
  readonly #changed: Set<Uid> = new Set();
  /** Ranges of UIDs that are \Recent here; the upper end is not included. */
  readonly #recent: [from: Uid, to: Uid][] = [];
  readonly flagTexts: FlagTexts = new FlagTexts();
  /** Keywords that the client knows of. */
  toldKeywords = 0;
  /** New UIDs of messages that this client has put here itself. */
  readonly own: Set<Uid> = new Set();
  /** UIDs that SEARCH has saved for `$`, ascending. RFC 5182. */
  savedResult: Uint32Array = new Uint32Array(0);
  /** Searches that are kept up to date. RFC 5267. */
  readonly contexts: SearchContexts = new SearchContexts();

  /** Letters of RFC 4314; `undefined`: it is one's own. */
  rights: string | undefined;

  constructor(name: string, readOnly: boolean, rights?: string) {
    this.name = name;
    this.readOnly = readOnly;
    this.rights = rights;
  }

  /** Takes the view over and knows all of its messages as told. */
  attach(view: MailboxView): void {
    this.#view = view;
    this.#bound = view.uidBound;
    this.#toldUpTo = view.status.highestModSeq;
    this.toldKeywords = view.keywords.length;
  }

  get view(): MailboxView {
    if (this.#view === undefined) throw new TypeError("No view attached");
    return this.#view;
  }

  get wakeful(): boolean {
    return this.onWake !== undefined;
  }

  changed(uid: Uid): void {
    if (uid < this.#bound) this.#changed.add(uid);
  }

  expunging(uids: Ascending): void {
    const known: Uid[] = [];
    for (let i = 0; i < uids.length; i++) {
      const uid = uids[i] ?? 0;
      if (uid >= this.#bound) break;
      known.push(uid);
      this.#changed.delete(uid);
    }
    if (known.length > 0) this.#gone = mergeSorted(this.#gone, known);
  }

  moved(): void {
    this.onWake?.();
  }

  /** Number of messages as told. */
  get exists(): number {
    return this.view.lowerBound(this.#bound) + this.#gone.length;
  }

  /** UIDs from here on have not been told. */
  get uidBound(): Uid {
    return this.#bound;
  }

  /** Sequence number of a message that the session knows. */
  seqOf(uid: Uid): number {
    const gone = this.#gone.length === 0 ? 0 : lowerBound(this.#gone, uid);
    return this.view.lowerBound(uid) + gone + 1;
  }

  /** UID of a sequence number from 1 to `exists`. */
  uidAt(seq: number): Uid {
    const rank = seq - 1;
    if (this.#gone.length === 0) return this.view.uids[rank] ?? 0;
    // Number of gone messages that stand before the rank.
    let low = 0;
    let high = this.#gone.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#rankOfGone(middle) < rank) low = middle + 1;
      else high = middle;
    }
    if (low < this.#gone.length && this.#rankOfGone(low) === rank) {
      return this.#gone[low] ?? 0;
    }
    return this.view.uids[rank - low] ?? 0;
  }

  /** Whether the message is here and told. */
  has(uid: Uid): boolean {
    return uid < this.#bound && this.view.indexOf(uid) >= 0;
  }

  /** Whether the client counts the message among the mailbox's. */
  counts(uid: Uid): boolean {
    return this.has(uid) || includesSorted(this.#gone, uid);
  }

  flagsOf(uid: Uid): FlagSet {
    const at = this.view.indexOf(uid);
    return at < 0 ? 0 : this.view.flagsAt(at);
  }

  modSeqOf(uid: Uid): ModSeq {
    const at = this.view.indexOf(uid);
    return at < 0 ? 0 : this.view.modSeqAt(at);
  }

  /** As `modSeqOf`, for the client to read. */
  tellModSeq(uid: Uid): ModSeq {
    this.#hasToldModSeq = true;
    return this.modSeqOf(uid);
  }

  /**
   * How far the client has come although it has been told of higher ones, where
   * messages are gone that it may not be told of yet. RFC 7162 section 3.2.
   */
  takeHeldBack(): ModSeq | undefined {
    const hasTold = this.#hasToldModSeq;
    this.#hasToldModSeq = false;
    return hasTold && this.#gone.length > 0 ? this.#toldUpTo : undefined;
  }

  /** Every message that the session knows and that is still there. */
  allUids(): Uint32Array {
    const view = this.view;
    return view.uids.slice(0, view.lowerBound(this.#bound));
  }

  /**
   * The messages that a set names. A sequence number above `exists` is BAD
   * (RFC 9051 section 9, seq-number); UIDs that are not here are passed over.
   */
  pick(ranges: UidRanges, kind: "seq" | "uid"): Picked {
    return kind === "uid" ? this.#pickUids(ranges) : this.#pickSeqs(ranges);
  }

  /**
   * The ranges of UIDs that a set means, for searching. DEVIATION RFC 9051
   * section 9 (seq-number): numbers above `exists` find nothing, they are not
   * BAD. INTEROP Dovecot, imaptest: a search may look beyond the end.
   */
  uidRanges(ranges: UidRanges, kind: "seq" | "uid"): UidRanges {
    if (kind === "uid") return normaliseRanges(ranges, this.#highestUid());
    const exists = this.exists;
    return normaliseRanges(ranges, exists)
      .filter(([from]) => from >= 1 && from <= exists)
      .map(([from, to]) =>
        [this.uidAt(from), this.uidAt(Math.min(to, exists))] as const
      );
  }

  /** Messages below `to` that this session is the first to see. */
  addRecent(from: Uid, to: Uid): void {
    if (from >= to) return;
    const last = this.#recent.at(-1);
    if (last !== undefined && last[1] >= from) last[1] = Math.max(last[1], to);
    else this.#recent.push([from, to]);
  }

  isRecent(uid: Uid): boolean {
    for (const [from, to] of this.#recent) {
      if (uid >= from && uid < to) return true;
    }
    return false;
  }

  get recentCount(): number {
    let count = 0;
    for (const [from, to] of this.recentRanges()) {
      count += this.view.lowerBound(to) - this.view.lowerBound(from);
      count += lowerBound(this.#gone, to) - lowerBound(this.#gone, from);
    }
    return count;
  }

  /** Ranges of recent UIDs that the client knows; upper end not included. */
  recentRanges(): (readonly [from: Uid, to: Uid])[] {
    return this.#recent
      .map(([from, to]) => [from, Math.min(to, this.#bound)] as const)
      .filter(([from, to]) => from < to);
  }

  /** Lowest UID of the recent messages, or the bound. */
  get firstRecentSeq(): number | undefined {
    const [first] = this.recentRanges();
    if (first === undefined || this.recentCount === 0) return undefined;
    return this.seqOf(first[0]);
  }

  /** Whether there is something to tell. */
  get hasNews(): boolean {
    return this.#gone.length > 0 || this.#changed.size > 0 ||
      this.view.lowerBound(this.#bound) < this.view.count;
  }

  /**
   * Everything up to this mod-sequence has been told, or is being told: what a
   * client may keep for QRESYNC. Not the newest one where news are pending.
   */
  get toldUpTo(): ModSeq {
    return this.hasNews ? this.#toldUpTo : this.view.status.highestModSeq;
  }

  /** Whether the client has to be told of this message's flags. */
  isPending(uid: Uid): boolean {
    return this.#changed.has(uid);
  }

  /** The client has been told of the flags, or said itself what they are. */
  noteTold(uid: Uid): void {
    this.#changed.delete(uid);
  }

  /**
   * Takes the news: from here on the client counts as told. EXPUNGE is left
   * out (and stays pending) where the command does not allow it.
   */
  takeNews(options: { readonly expunge: boolean }): News {
    const expungedUids = options.expunge ? this.#gone : [];
    const expunged: number[] = [];
    // From the highest down, so that no number moves another.
    for (let i = expungedUids.length - 1; i >= 0; i--) {
      expunged.push(this.#rankOfGone(i) + 1);
    }
    if (options.expunge) this.#gone = [];
    const before = this.#bound;
    const view = this.view;
    const isGrown = view.lowerBound(before) < view.count;
    this.#bound = view.uidBound;
    if (options.expunge) this.#toldUpTo = view.status.highestModSeq;
    const changed = Uint32Array.from(this.#changed).sort();
    this.#changed.clear();
    return {
      expunged,
      expungedUids,
      exists: isGrown ? this.exists : undefined,
      newFrom: before,
      changed: Array.from(changed).filter((uid) => view.indexOf(uid) >= 0),
    };
  }

  /** Sequence number less one of the pending EXPUNGE at `index`. */
  #rankOfGone(index: number): number {
    return index + this.view.lowerBound(this.#gone[index] ?? 0);
  }

  /** Highest UID that the client knows of. */
  #highestUid(): Uid {
    const exists = this.exists;
    return exists === 0 ? 0 : this.uidAt(exists);
  }

  #pickUids(ranges: UidRanges): Picked {
    const view = this.view;
    const end = view.lowerBound(this.#bound);
    const spans: [number, number][] = [];
    let total = 0;
    for (const [from, to] of normaliseRanges(ranges, this.#highestUid())) {
      const first = view.lowerBound(from);
      const last = Math.min(view.lowerBound(to + 1), end);
      if (first >= last) continue;
      spans.push([first, last]);
      total += last - first;
    }
    return { uids: gather(view.uids, spans, total), gone: [] };
  }

  #pickSeqs(ranges: UidRanges): Picked {
    const view = this.view;
    const spans: [number, number][] = [];
    let total = 0;
    const gone: Uid[] = [];
    for (const [from, to] of this.#checkedSeqs(ranges)) {
      const low = this.uidAt(from);
      const high = this.uidAt(to);
      const first = view.lowerBound(low);
      const last = view.lowerBound(high + 1);
      if (last - first < to - from + 1) {
        const start = lowerBound(this.#gone, low);
        gone.push(
          ...this.#gone.slice(start, lowerBound(this.#gone, high + 1)),
        );
      }
      if (first >= last) continue;
      spans.push([first, last]);
      total += last - first;
    }
    return { uids: gather(view.uids, spans, total), gone };
  }

  /** Ranges of existing sequence numbers, or BAD. */
  #checkedSeqs(ranges: UidRanges): (readonly [number, number])[] {
    const exists = this.exists;
    // DEVIATION RFC 9051 section 9 (seq-number): "1:*" of an empty mailbox is
    // nothing, not BAD. INTEROP Python scripts: they ask without looking.
    const isAll = ranges.every(([from, to]) => from <= 1 && to === STAR);
    if (exists === 0 && isAll) return [];
    for (const [from, to] of ranges) {
      if ((from !== STAR && from > exists) || (to !== STAR && to > exists)) {
        throw new ImapError("BAD", "There is no message of that number");
      }
    }
    return normaliseRanges(ranges, exists);
  }
}

/** The entries of the spans one after the other. */
function gather(
  numbers: Uint32Array,
  spans: readonly (readonly [number, number])[],
  total: number,
): Uint32Array {
  const picked = new Uint32Array(total);
  let at = 0;
  for (const [first, last] of spans) {
    picked.set(numbers.subarray(first, last), at);
    at += last - first;
  }
  return picked;
}

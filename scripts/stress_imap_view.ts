/**
 * A client's own picture of its selected mailbox, made of nothing but what the
 * server said; every word is checked against what was said before.
 */
import { pairs, type Value } from "./stress_imap_parse.ts";
import { type BoxTruth, check, messageId } from "./stress_imap_world.ts";

/** A message as told. */
export interface Entry {
  uid: number | undefined;
  /** In lower case, sorted, without \Recent. */
  flags: string | undefined;
  modSeq: number | undefined;
  /** The client's own keyword, which nobody else changes. */
  own: boolean | undefined;
}

/** Items of a FETCH response. */
export type Items = ReadonlyMap<string, Value>;

export class StressView {
  readonly box: BoxTruth;
  readonly entries: Entry[] = [];
  /** Messages that a FETCH passed over: their EXPUNGE is owed. */
  readonly owed = new Set<Entry>();
  /** UIDs that VANISHED has taken away. */
  readonly removed = new Set<number>();
  /** Called for each FETCH response. */
  onFetch: ((entry: Entry, items: Items) => void) | undefined;
  /** The client changes its own keyword right now. */
  ownIsChanging = false;
  readonly #session: number;
  readonly #own: string;

  constructor(box: BoxTruth, session: number, own: string) {
    this.box = box;
    this.#session = session;
    this.#own = own.toLowerCase();
  }

  exists(count: number): void {
    check(
      count >= this.entries.length,
      `EXISTS fell from ${this.entries.length} to ${count}`,
    );
    while (this.entries.length < count) this.entries.push(unknownEntry());
  }

  expunge(seq: number): void {
    const [entry] = this.entries.splice(this.#at(seq), 1);
    if (entry !== undefined) this.#forget(entry);
  }

  /** RFC 7162 section 3.2.10: UIDs, of which some may not be known yet. */
  vanished(uids: readonly number[]): void {
    for (const uid of uids) {
      this.box.gone.add(uid);
      this.removed.add(uid);
      const at = this.#find(uid);
      check(at !== undefined, `VANISHED ${uid}, which is not here`);
      const [entry] = this.entries.splice(at, 1);
      if (entry !== undefined) this.#forget(entry);
    }
  }

  fetch(seq: number, list: Value | undefined): void {
    const items = pairs(list);
    const at = this.#at(seq);
    const entry = this.entries[at] ?? unknownEntry();
    const uid = items.get("UID");
    if (uid !== undefined) this.#setUid(at, Number(uid));
    this.#take(entry, items);
    this.onFetch?.(entry, items);
  }

  /** Sequence number of an entry; 0 when it is gone. */
  seqOf(entry: Entry): number {
    return this.entries.indexOf(entry) + 1;
  }

  byUid(uid: number): Entry | undefined {
    return this.entries.find((entry) => entry.uid === uid);
  }

  #at(seq: number): number {
    check(
      seq >= 1 && seq <= this.entries.length,
      `message ${seq} of ${this.entries.length}`,
    );
    return seq - 1;
  }

  #forget(entry: Entry): void {
    this.owed.delete(entry);
    if (entry.uid !== undefined) this.box.gone.add(entry.uid);
  }

  /**
   * Place of a UID. Where it is not known, one of those between its neighbours
   * goes; which one nobody knows, so what was known of them is forgotten.
   */
  #find(uid: number): number | undefined {
    const run: Entry[] = [];
    for (const [at, entry] of this.entries.entries()) {
      if (entry.uid === uid) return at;
      if (entry.uid === undefined) run.push(entry);
      else if (entry.uid > uid) break;
      else run.length = 0;
    }
    if (run.length > 1) {
      for (const entry of run) {
        Object.assign(entry, unknownEntry());
        this.owed.delete(entry);
      }
    }
    const [first] = run;
    return first === undefined ? undefined : this.entries.indexOf(first);
  }

  #setUid(at: number, uid: number): void {
    const entry = this.entries[at];
    if (entry === undefined) return;
    check(
      entry.uid === undefined || entry.uid === uid,
      `message ${at + 1} was UID ${entry.uid}, is ${uid}`,
    );
    if (entry.uid === uid) return;
    const before = this.entries.findLast((e, i) =>
      i < at && e.uid !== undefined
    );
    const after = this.entries.find((e, i) => i > at && e.uid !== undefined);
    check(
      (before?.uid ?? 0) < uid && uid < (after?.uid ?? Infinity),
      `UID ${uid} at ${at + 1} stands between ${before?.uid}, ${after?.uid}`,
    );
    entry.uid = uid;
    this.box.seen(uid);
  }

  #take(entry: Entry, items: Items): void {
    const flags = items.get("FLAGS");
    const modSeqs = items.get("MODSEQ");
    const modSeq = Array.isArray(modSeqs) ? Number(modSeqs[0]) : undefined;
    if (modSeq !== undefined) {
      check(
        modSeq > 0 && modSeq >= (entry.modSeq ?? 0),
        `MODSEQ of ${entry.uid} was ${entry.modSeq}, is ${modSeq}`,
      );
      entry.modSeq = modSeq;
    }
    if (Array.isArray(flags)) this.#setFlags(entry, flags, modSeq);
    const { uid } = entry;
    if (uid === undefined) return;
    // INTEROP Dovecot: sizes of messages that are gone are 0, dates of 1970.
    if (items.get("RFC822.SIZE") === "0" || items.get("BODY[]") === "") return;
    if (String(items.get("INTERNALDATE")).includes("1970")) return;
    for (const [name, value] of items) {
      if (name === "RFC822.SIZE" || name === "INTERNALDATE") {
        this.box.constant(uid, name, String(value));
      } else if (name === "BODY[]" && typeof value === "string") {
        this.box.constant(uid, "content", String(messageId(value)));
        this.box.constant(uid, "RFC822.SIZE", String(value.length));
      }
    }
  }

  #setFlags(
    entry: Entry,
    list: readonly Value[],
    modSeq: number | undefined,
  ): void {
    const all = list.map((flag) => String(flag).toLowerCase());
    check(new Set(all).size === all.length, `flags twice: ${all.join(" ")}`);
    const flags = all.filter((flag) => flag !== "\\recent").sort();
    entry.flags = flags.join(" ");
    const { uid } = entry;
    if (uid !== undefined && modSeq !== undefined) {
      this.box.constant(uid, `flags at ${modSeq}`, entry.flags);
    }
    if (uid !== undefined && all.includes("\\recent")) {
      this.box.recent(uid, this.#session);
    }
    const own = flags.includes(this.#own);
    check(
      this.ownIsChanging || (entry.own ?? own) === own,
      `${this.#own} of ${this.seqOf(entry)} (UID ${uid}) is ${own}, ` +
        "though nobody else changes it",
    );
    entry.own = own;
  }
}

function unknownEntry(): Entry {
  return {
    uid: undefined,
    flags: undefined,
    modSeq: undefined,
    own: undefined,
  };
}

/**
 * Searches that stay alive: `SEARCH RETURN (UPDATE)`. RFC 5267 section 4.3, RFC
 * 5465 section 7.
 * With the news of the mailbox goes what they change in the result: what is
 * expunged leaves it before the EXPUNGE, the rest follows the news.
 */
import type { ModSeq, Uid } from "./backend.ts";
import type { FetchItem } from "./fetch_item.ts";
import { MAX_SEARCH_CONTEXTS } from "./limits.ts";
import { startOf } from "./search_answer.ts";
import type { SearchKey } from "./search_key.ts";
import { isInView, searchView } from "./search_resolve.ts";
import type { News } from "./selected_mailbox.ts";
import { formatSet, rangesOf } from "./sequence_set.ts";
import type { Session } from "./session.ts";

/** One live search. */
interface Context {
  readonly tag: string;
  readonly uid: boolean;
  readonly key: SearchKey;
  /** What is told of new messages that match. */
  readonly items: readonly FetchItem[];
  /** What the client has been told. */
  readonly results: Set<Uid>;
  /** Messages with a higher mod-sequence have not been looked at. */
  lookedUpTo: ModSeq;
}

/** How the result of one search has changed. */
export interface ContextChange {
  readonly tag: string;
  readonly uid: boolean;
  readonly items: readonly FetchItem[];
  /** Ascending. */
  readonly added: readonly Uid[];
  readonly removed: readonly Uid[];
}

/** The live searches of one selected mailbox. */
export class SearchContexts {
  readonly #contexts = new Map<string, Context>();

  get size(): number {
    return this.#contexts.size;
  }

  /** Whether something is to be told of new messages. */
  get hasItems(): boolean {
    return this.#contexts.values().some(({ items }) => items.length > 0);
  }

  /** Keeps a result alive; says whether there is room for it. */
  add(
    session: Session,
    search: {
      readonly tag: string;
      readonly uid: boolean;
      readonly key: SearchKey;
      readonly items: readonly FetchItem[];
    },
    found: Uint32Array,
  ): boolean {
    if (this.#contexts.size >= MAX_SEARCH_CONTEXTS) return false;
    this.#contexts.set(search.tag, {
      ...search,
      results: new Set(found),
      lookedUpTo: session.selected.view.status.highestModSeq,
    });
    return true;
  }

  has(tag: string): boolean {
    return this.#contexts.has(tag);
  }

  cancel(tag: string): void {
    this.#contexts.delete(tag);
  }

  /** Before EXPUNGE is told: sequence numbers still mean what they meant. */
  tellExpunged(session: Session, news: News): void {
    const { expunged, expungedUids } = news;
    for (const { tag, uid, results } of this.#contexts.values()) {
      const numbers: number[] = [];
      for (const [i, gone] of expungedUids.entries()) {
        if (!results.delete(gone)) continue;
        // The numbers are told from the highest down.
        const seq = expunged[expunged.length - 1 - i] ?? 0;
        numbers.push(uid ? gone : seq);
      }
      if (numbers.length === 0) continue;
      session.out.line(
        `${startOf(tag)}${uid ? " UID" : ""} REMOVEFROM (0 ${
          formatSet(numbers)
        })`,
      );
    }
  }

  /** What matches now, and what no longer does: it counts as told then. */
  async takeChanges(session: Session): Promise<ContextChange[]> {
    const changes: ContextChange[] = [];
    for (const context of [...this.#contexts.values()]) {
      const change = await lookAt(session, context);
      if (change !== undefined) changes.push(change);
    }
    return changes;
  }
}

/** Tells what `takeChanges` has given, after the news. */
export function writeContextChanges(
  { selected, out }: Session,
  changes: readonly ContextChange[],
): void {
  for (const { tag, uid, added, removed } of changes) {
    const set = (uids: readonly Uid[]): string =>
      formatSet(uid ? uids : uids.map((one) => selected.seqOf(one)));
    out.text(startOf(tag));
    if (uid) out.text(" UID");
    if (removed.length > 0) out.text(` REMOVEFROM (0 ${set(removed)})`);
    if (added.length > 0) out.text(` ADDTO (0 ${set(added)})`);
    out.crlf();
  }
}

async function lookAt(
  session: Session,
  context: Context,
): Promise<ContextChange | undefined> {
  const { selected } = session;
  const { view } = selected;
  const upTo = view.status.highestModSeq;
  if (upTo <= context.lookedUpTo) return undefined;
  const candidates = selected.allUids()
    .filter((uid) => selected.modSeqOf(uid) > context.lookedUpTo);
  context.lookedUpTo = upTo;
  if (candidates.length === 0) return undefined;
  const matching = new Set(await searchAmong(session, context.key, candidates));
  const added: Uid[] = [];
  const removed: Uid[] = [];
  const { tag, uid, items, results } = context;
  for (const one of candidates) {
    if (matching.has(one) && !results.has(one)) {
      results.add(one);
      added.push(one);
    } else if (!matching.has(one) && results.delete(one)) removed.push(one);
  }
  if (added.length === 0 && removed.length === 0) return undefined;
  return { tag, uid, items, added, removed };
}

/** Those of some messages that match. */
async function searchAmong(
  session: Session,
  key: SearchKey,
  uids: Uint32Array,
): Promise<Uint32Array> {
  const keys = [{ kind: "uid", ranges: rangesOf(uids) } as const, key];
  const both: SearchKey = { kind: "and", keys };
  if (isInView(both)) return searchView(session, both);
  const { backend } = session.services;
  return await backend.search(session.selected.view.mailbox, both);
}

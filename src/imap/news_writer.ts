/**
 * Tells a client what is new in its selected mailbox. RFC 9051 section 7.4.1,
 * 7.5.1 and 7.5.2, RFC 7162 section 3.2.10 (VANISHED).
 */
import type { ModSeq, Uid } from "./backend.ts";
import { StorageError } from "#src/errors/errors.ts";
import { fetchMessages } from "./commands/fetch.ts";
import { ImapError } from "./errors.ts";
import type { FetchItem } from "./fetch_item.ts";
import { planFetch } from "./fetch_plan.ts";
import { writePermanentFlags } from "./flag_responses.ts";
import { MAX_VANISHED_RANGES } from "./limits.ts";
import type { ContextChange } from "./search_contexts.ts";
import type { News } from "./selected_mailbox.ts";
import { rangesOf } from "./sequence_set.ts";
import type { Session } from "./session.ts";
import { includesSorted } from "./sorted_numbers.ts";

/** Messages that are gone: EXPUNGE, or VANISHED where that is agreed on. */
export async function writeExpunged(
  session: Session,
  news: News,
): Promise<void> {
  if (session.tellsVanished) {
    await writeVanished(session, news.expungedUids, "");
    return;
  }
  const { out } = session;
  for (const seq of news.expunged) {
    out.text(`* ${seq} EXPUNGE\r\n`);
    await out.relieve();
  }
}

/** `earlier` says that the client may know of it already. */
export async function writeVanished(
  session: Session,
  uids: ArrayLike<Uid>,
  earlier: "" | "(EARLIER) ",
): Promise<void> {
  const { out } = session;
  const ranges = rangesOf(uids);
  for (let at = 0; at < ranges.length; at += MAX_VANISHED_RANGES) {
    const words = ranges.slice(at, at + MAX_VANISHED_RANGES)
      .map(([from, to]) => from === to ? `${from}` : `${from}:${to}`);
    out.line(`* VANISHED ${earlier}${words.join(",")}`);
    await out.relieve();
  }
}

/** EXISTS, and RECENT for clients that know it. */
export function writeCounts(session: Session): void {
  const { selected, out } = session;
  out.text(`* ${selected.exists} EXISTS\r\n`);
  if (!session.rev2) out.text(`* ${selected.recentCount} RECENT\r\n`);
}

/**
 * How far a client that resynchronises has come, where EXISTS or VANISHED
 * does not show it: it need not ask for its own APPEND again. INTEROP
 * interimap: without it, it stores the flags of what it put there anew. Not
 * where changes of flags were kept from it. RFC 7162 section 3.2.
 */
export function writeHighest(session: Session, news: News, upTo: ModSeq): void {
  if (!session.qresync || !session.wants.flags) return;
  if (news.exists === undefined && news.expungedUids.length === 0) return;
  session.out.line(`* OK [HIGHESTMODSEQ ${upTo}] Highest`);
}

/**
 * Mod-sequences went out while a lower VANISHED waits: without this a client
 * that is cut off now would never hear of it. RFC 7162 section 3.2 and 6.
 */
export function writeHeldBack({ selected, qresync, out }: Session): void {
  const upTo = selected.takeHeldBack();
  if (upTo === undefined || !qresync) return;
  out.line(`* OK [HIGHESTMODSEQ ${upTo}] Some are gone`);
}

/**
 * What NOTIFY and live searches ask of messages from `from` on, in one response
 * for each, save those that the client has put there itself. RFC 5465 section
 * 5.2 and 7.
 */
export async function writeNewMessages(
  session: Session,
  from: Uid,
  changes: readonly ContextChange[],
): Promise<void> {
  const { selected, wants } = session;
  const joined = changes.filter(({ items }) => items.length > 0);
  if (wants.items.length === 0 && joined.length === 0) {
    selected.own.clear();
    return;
  }
  const uids = selected.allUids()
    .filter((uid) => uid >= from && !selected.own.has(uid));
  selected.own.clear();
  try {
    for (const { items, uids: some } of byItems(uids, wants.items, joined)) {
      await fetchMessages(session, Uint32Array.from(some), planFetch(items), {
        uid: true,
        modSeq: session.condstore,
      });
    }
  } catch (error) {
    const isOurs = error instanceof ImapError || error instanceof StorageError;
    if (!isOurs) throw error;
    // No command has failed: the client asks for it when it wants it.
    session.log.warn("new messages not fetched", { error });
  }
}

/** What is told of a group of new messages. */
interface ToldAlike {
  readonly items: readonly FetchItem[];
  readonly uids: Uid[];
}

/** Messages that the same searches have taken in are told of alike. */
function byItems(
  uids: Uint32Array,
  base: readonly FetchItem[],
  joined: readonly ContextChange[],
): ToldAlike[] {
  const groups = new Map<string, ToldAlike>();
  for (const uid of uids) {
    const searches = joined.filter(({ added }) => includesSorted(added, uid));
    const items = [...base, ...searches.flatMap((one) => one.items)];
    if (items.length === 0) continue;
    const key = searches.map(({ tag }) => tag).join(" ");
    const group = groups.get(key) ?? { items, uids: [] };
    group.uids.push(uid);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Keywords that the mailbox has had only since. */
export function writeNewKeywords(session: Session): void {
  const { selected, out } = session;
  const { keywords } = selected.view;
  if (keywords.length <= selected.toldKeywords) return;
  selected.toldKeywords = keywords.length;
  writePermanentFlags(out, selected);
}

/**
 * What has happened to a mailbox since a mod-sequence that the client knows.
 * RFC 7162 section 3.2.5 (SELECT with QRESYNC) and 3.2.6 (VANISHED modifier).
 *
 * The change log keeps every expunged UID, so the answer is exact however old
 * the mod-sequence is.
 */
import type { ModSeq, Uid } from "./backend.ts";
import { writeVanished } from "./news_writer.ts";
import type { UidRanges } from "./search_key.ts";
import type { SelectedMailbox } from "./selected_mailbox.ts";
import { normaliseRanges, rangesOf, withinRanges } from "./sequence_set.ts";
import type { SequenceSet } from "./sequence_set.ts";
import type { Session } from "./session.ts";

/** Pairs of sequence number and UID that the client believes in. */
export interface SequenceMatch {
  readonly seqs: UidRanges;
  readonly uids: UidRanges;
}

/** `(QRESYNC (uidvalidity modseq known-uids (seqs uids)))`. */
export interface ResyncRequest {
  readonly uidValidity: number;
  readonly since: ModSeq;
  /** `undefined`: all. */
  readonly known: UidRanges | undefined;
  readonly match: SequenceMatch | undefined;
}

/** Tells what has changed in the mailbox that was selected just now. */
export async function resync(
  session: Session,
  request: ResyncRequest,
): Promise<void> {
  const { selected } = session;
  const { status } = selected.view;
  if (status.uidValidity !== request.uidValidity) return;
  const { since, match } = request;
  if (selected.view.isUnchangedSince(since)) return;
  const known = normaliseRanges(request.known ?? [[1, 0]], lastUid(selected));
  const from = match === undefined ? 1 : firstUnmatched(selected, match);
  await writeEarlier(session, known, { since, from });
  for (const uid of withinRanges(changedSince(selected, since), known)) {
    // The view goes on while we write.
    if (!selected.has(uid)) continue;
    session.tellFlags(uid);
    await session.out.relieve();
  }
}

/** Of all messages; what is not told yet is left out. */
function changedSince(
  { view, uidBound }: SelectedMailbox,
  since: ModSeq,
): Uint32Array {
  const changed: Uid[] = [];
  const end = view.lowerBound(uidBound);
  for (let i = 0; i < end; i++) {
    if (view.modSeqAt(i) > since) changed.push(view.uids[i] ?? 0);
  }
  return Uint32Array.from(changed);
}

/** VANISHED (EARLIER) for a UID FETCH with the modifier. */
export async function tellVanished(
  session: Session,
  set: SequenceSet,
  since: ModSeq,
): Promise<void> {
  const { selected } = session;
  // DEVIATION RFC 9051 section 9 (seq-number): "*" is the last UID that was
  // given to any message, so that "1:*" names those that are gone, too.
  const ranges = set.kind === "saved"
    ? rangesOf(selected.savedResult)
    : normaliseRanges(set.ranges, lastUid(selected));
  await writeEarlier(session, ranges, { since, from: 1 });
}

async function writeEarlier(
  session: Session,
  ranges: UidRanges,
  { since, from }: { readonly since: ModSeq; readonly from: Uid },
): Promise<void> {
  const { selected, services } = session;
  const { view } = selected;
  if (view.isUnchangedSince(since)) return;
  const { expunged } = await services.backend.changes(view.mailbox, since);
  // What the client still counts is told by a VANISHED that moves numbers.
  const gone = withinRanges(expunged, ranges)
    .filter((uid) => uid >= from && !selected.counts(uid));
  await writeVanished(session, gone, "(EARLIER) ");
}

function lastUid(selected: SelectedMailbox): Uid {
  return selected.uidBound - 1;
}

/** UIDs below are known to the client as they are. RFC 7162 section 3.2.5.2. */
function firstUnmatched(
  selected: SelectedMailbox,
  { seqs, uids }: SequenceMatch,
): Uid {
  let from = 1;
  const ascending = each(uids);
  for (const seq of each(seqs)) {
    const uid = ascending.next().value;
    if (uid === undefined || seq > selected.exists) break;
    if (selected.uidAt(seq) !== uid) break;
    from = uid + 1;
  }
  return from;
}

/** The numbers of ranges one after the other; ends where they stop to ascend. */
function* each(ranges: UidRanges): Generator<number, undefined> {
  let last = 0;
  for (const [from, to] of ranges) {
    if (from <= last) return undefined;
    for (let number = from; number <= to; number++) yield number;
    last = to;
  }
  return undefined;
}

/**
 * The answers of SEARCH and SORT. RFC 9051 section 7.3.4, RFC 3501 section
 * 7.2.5, RFC 4731, RFC 5256 section 4, RFC 5267 section 3 (ESORT), RFC 9394
 * (PARTIAL), RFC 7162 section 3.1.5 and 3.1.6 (MODSEQ), RFC 6203 (RELEVANCY).
 */
import type { ModSeq, Uid } from "./backend.ts";
import type { PartialRange, SearchReturn } from "./search_program.ts";
import type { SelectedMailbox } from "./selected_mailbox.ts";
import { formatSet } from "./sequence_set.ts";
import type { Session } from "./session.ts";

/** What was found, and what is to be told of it. */
export interface Found {
  /** In the order of the answer. */
  readonly uids: Uint32Array;
  /** The order is that of the mailbox. */
  readonly isAscending: boolean;
  /** UIDs are shown, not sequence numbers. */
  readonly uid: boolean;
  /** MODSEQ was searched for. */
  readonly hasModSeq: boolean;
}

/** What is told in the form of ESEARCH. */
export interface Shown {
  readonly tag: string;
  readonly results: readonly SearchReturn[];
  readonly partial: PartialRange | undefined;
  /** How well each of what was found matches, where RELEVANCY is asked for. */
  readonly scores?: Uint8Array | undefined;
}

/** `* SEARCH 2 84 882`, or `* SORT ...`. */
export async function writeNumbers(
  session: Session,
  word: "SEARCH" | "SORT",
  found: Found,
): Promise<void> {
  const { out } = session;
  const numbers = numbersOf(session.selected, found);
  out.text(`* ${word}`);
  for (let i = 0; i < numbers.length; i++) {
    out.text(` ${numbers[i] ?? 0}`);
    if (out.isFull) await out.relieve();
  }
  if (found.hasModSeq && numbers.length > 0) {
    const { selected } = session;
    out.text(
      ` (MODSEQ ${highestOf(found.uids, (uid) => selected.modSeqOf(uid))})`,
    );
  }
  out.crlf();
}

/** `* ESEARCH (TAG "a") UID COUNT 3 ...`. */
export function writeEsearch(
  session: Session,
  found: Found,
  { tag, results, partial, scores }: Shown,
): void {
  const { out, selected } = session;
  const numbers = numbersOf(selected, found);
  const first = numbers[0];
  const last = numbers[numbers.length - 1];
  const shows = (result: SearchReturn): boolean => results.includes(result);
  const set = (some: Uint32Array): string =>
    found.isAscending ? formatSet(some) : formatOrdered(some);
  out.text(startOf(tag));
  if (found.uid) out.text(" UID");
  if (shows("MIN") && first !== undefined) out.text(` MIN ${first}`);
  if (shows("MAX") && last !== undefined) out.text(` MAX ${last}`);
  if (shows("ALL") && numbers.length > 0) out.text(` ALL ${set(numbers)}`);
  if (partial !== undefined) {
    const part = cutPartial(numbers, partial);
    const text = part.length === 0 ? "NIL" : set(part);
    out.text(` PARTIAL (${partial.from}:${partial.to} ${text})`);
  }
  if (shows("COUNT")) out.text(` COUNT ${numbers.length}`);
  if (found.hasModSeq && numbers.length > 0) {
    const some = counted(found.uids, results);
    out.text(` MODSEQ ${highestOf(some, (uid) => selected.modSeqOf(uid))}`);
  }
  if (scores !== undefined) out.text(scoreList(scores, partial));
  out.crlf();
}

/** `* ESEARCH (TAG "a" MAILBOX "b" UIDVALIDITY 1) UID ...`. RFC 7377. */
export function writeMailboxResult(
  session: Session,
  { name, uidValidity, uids, modSeqOf }: {
    readonly name: string;
    readonly uidValidity: number;
    readonly uids: Uint32Array;
    /** Where MODSEQ was searched for. */
    readonly modSeqOf: ((uid: Uid) => ModSeq) | undefined;
  },
  { tag, results, partial, scores }: Shown,
): void {
  const { out } = session;
  out.text(`${startOf(tag).slice(0, -1)} MAILBOX `).mailbox(name);
  out.text(` UIDVALIDITY ${uidValidity}) UID`);
  if (results.includes("MIN")) out.text(` MIN ${uids[0] ?? 0}`);
  if (results.includes("MAX")) out.text(` MAX ${uids.at(-1) ?? 0}`);
  if (results.includes("ALL")) out.text(` ALL ${formatSet(uids)}`);
  if (partial !== undefined) {
    const part = cutPartial(uids, partial);
    const text = part.length === 0 ? "NIL" : formatSet(part);
    out.text(` PARTIAL (${partial.from}:${partial.to} ${text})`);
  }
  if (results.includes("COUNT")) out.text(` COUNT ${uids.length}`);
  if (modSeqOf !== undefined) {
    out.text(` MODSEQ ${highestOf(counted(uids, results), modSeqOf)}`);
  }
  if (scores !== undefined) out.text(scoreList(scores, partial));
  out.crlf();
}

/**
 * ` RELEVANCY (4 99 42)`: a score for each message, of PARTIAL for those that
 * it shows. RFC 6203 section 4.
 */
function scoreList(
  scores: Uint8Array,
  partial: PartialRange | undefined,
): string {
  const shown = partial === undefined ? scores : cutPartial(scores, partial);
  return ` RELEVANCY (${shown.join(" ")})`;
}

/** `* ESEARCH (TAG "a")`; a tag may hold what a string must escape. */
export function startOf(tag: string): string {
  return `* ESEARCH (TAG "${tag.replace(/["\\]/g, "\\$&")}")`;
}

/** Sequence numbers of UIDs that the session knows, in their order. */
export function seqsOf(
  selected: SelectedMailbox,
  uids: Uint32Array,
): Uint32Array {
  return uids.map((uid) => selected.seqOf(uid));
}

function numbersOf(
  selected: SelectedMailbox,
  { uids, uid }: Found,
): Uint32Array {
  return uid ? uids : seqsOf(selected, uids);
}

/** The positions that PARTIAL asks for. RFC 9394 section 3.1. */
export function cutPartial<T extends Uint32Array | Uint8Array>(
  numbers: T,
  { from, to }: PartialRange,
): T {
  const low = Math.min(Math.abs(from), Math.abs(to));
  const high = Math.max(Math.abs(from), Math.abs(to));
  if (from > 0) return numbers.subarray(low - 1, high) as T;
  const end = Math.max(0, numbers.length - low + 1);
  return numbers.subarray(Math.max(0, numbers.length - high), end) as T;
}

/** A set whose order counts: runs upwards are ranges. RFC 5267 section 3.2. */
function formatOrdered(numbers: Uint32Array): string {
  const parts: string[] = [];
  for (let from = 0; from < numbers.length;) {
    let to = from;
    while (numbers[to + 1] === (numbers[to] ?? 0) + 1) to++;
    const first = numbers[from] ?? 0;
    parts.push(to === from ? `${first}` : `${first}:${numbers[to] ?? 0}`);
    from = to + 1;
  }
  return parts.join(",");
}

/** Whose mod-sequences count for the answer. RFC 4731 section 3.2. */
function counted(
  uids: Uint32Array,
  results: readonly SearchReturn[],
): Iterable<Uid> {
  const whole: readonly SearchReturn[] = ["ALL", "COUNT", "PARTIAL"];
  if (whole.some((one) => results.includes(one))) return uids;
  return [
    ...(results.includes("MIN") ? uids.subarray(0, 1) : []),
    ...(results.includes("MAX") ? uids.subarray(-1) : []),
  ];
}

function highestOf(
  uids: Iterable<Uid>,
  modSeqOf: (uid: Uid) => ModSeq,
): ModSeq {
  let highest = 0;
  for (const uid of uids) highest = Math.max(highest, modSeqOf(uid));
  return highest;
}

/**
 * SORT by RELEVANCY. RFC 6203 section 6. The store knows nothing of scores: it
 * sorts by what stands before and behind RELEVANCY, and the order is made of
 * these.
 */
import type { SortCriterion } from "./powers.ts";

/** By what SORT sorts, scores among it. */
export type SortWord = SortCriterion | {
  readonly by: "relevancy";
  readonly reverse: boolean;
};

/** Sorts what is looked for; no criteria: the order of the mailbox. */
export type SortBy = (
  criteria: readonly SortCriterion[],
) => Promise<Uint32Array>;

/** The criteria, where RELEVANCY is none of them. */
export function plainCriteria(
  words: readonly SortWord[],
): readonly SortCriterion[] | undefined {
  const plain = words.filter(isPlain);
  return plain.length === words.length ? plain : undefined;
}

/** The order by `words`, of which the first RELEVANCY counts. */
export async function orderByRelevancy(
  words: readonly SortWord[],
  sortBy: SortBy,
  scoresOf: (uids: Uint32Array) => Promise<Uint8Array>,
): Promise<Uint32Array> {
  const at = words.findIndex((word) => !isPlain(word));
  const before = words.slice(0, at).filter(isPlain);
  const behind = await sortBy(words.slice(at + 1).filter(isPlain));
  const rank = placesOf(behind);
  const scores = await scoresOf(behind);
  // The highest score comes first.
  const sign = words[at]?.reverse === true ? 1 : -1;
  const compare = (a: number, b: number): number => {
    const placeA = rank.get(a) ?? 0;
    const placeB = rank.get(b) ?? 0;
    const difference = (scores[placeA] ?? 0) - (scores[placeB] ?? 0);
    return difference === 0 ? placeA - placeB : sign * difference;
  };
  if (before.length === 0) return behind.toSorted(compare);
  return await orderWithin(before, sortBy, rank, compare);
}

/** Sorts each run of messages that are equal by the criteria before. */
async function orderWithin(
  before: readonly SortCriterion[],
  sortBy: SortBy,
  known: ReadonlyMap<number, number>,
  compare: (a: number, b: number) => number,
): Promise<Uint32Array> {
  const upwards = (await sortBy(before)).filter((uid) => known.has(uid));
  const turned = before.map(({ by, reverse }) => ({ by, reverse: !reverse }));
  // Equal messages stand in the order of the mailbox both times.
  const downwards = placesOf(await sortBy(turned));
  for (let from = 0; from < upwards.length;) {
    let to = from + 1;
    while (to < upwards.length && isSameOrder(downwards, upwards, to)) to++;
    upwards.subarray(from, to).sort(compare);
    from = to;
  }
  return upwards;
}

/** Whether a message follows the one before it in the other order as well. */
function isSameOrder(
  places: ReadonlyMap<number, number>,
  uids: Uint32Array,
  index: number,
): boolean {
  const before = places.get(uids[index - 1] ?? 0) ?? 0;
  return before < (places.get(uids[index] ?? 0) ?? 0);
}

function placesOf(uids: Uint32Array): Map<number, number> {
  const places = new Map<number, number>();
  for (const [place, uid] of uids.entries()) places.set(uid, place);
  return places;
}

function isPlain(word: SortWord): word is SortCriterion {
  return word.by !== "relevancy";
}

/**
 * SORT. RFC 5256 section 3, RFC 5957 section 3. Stable sorts by one criterion
 * after the other, the least important first: texts by counting their ranks,
 * and mail is mostly in the order of its dates already.
 */
import type { SortCriterion } from "#src/imap/powers.ts";
import type { FactGroup } from "./fact_columns.ts";
import type { MailboxColumns } from "./mailbox_columns.ts";
import type { TextColumn } from "./text_column.ts";

/** `found` in the order of the criteria; equal ones stay in their order. */
export function sortPositions(
  columns: MailboxColumns,
  found: Uint32Array,
  criteria: readonly SortCriterion[],
): Uint32Array {
  let order = found;
  for (const criterion of withoutRepeated(criteria).toReversed()) {
    order = sortedBy(columns, order, criterion);
  }
  return order;
}

/** Facts that `sortPositions` looks at. */
export function factsToSort(criteria: readonly SortCriterion[]): FactGroup[] {
  return criteria.flatMap(({ by }) => {
    if (by === "arrival" || by === "size") return [];
    return by === "date" ? "dates" : by;
  });
}

/** Positions by sent date; equal ones stay in their order. */
export function sortByDate(
  columns: MailboxColumns,
  found: Uint32Array,
): Uint32Array {
  return sortedBy(columns, found, { by: "date", reverse: false });
}

/** RFC 5256 section 2.2: the sent date, else when the message arrived. */
function sentAt(columns: MailboxColumns, position: number): number {
  const sent = columns.facts.dates.instants[position] ?? NaN;
  return Number.isNaN(sent) ? columns.internalDates[position] ?? 0 : sent;
}

/** What was sorted by already decides nothing the second time. */
function withoutRepeated(criteria: readonly SortCriterion[]): SortCriterion[] {
  const seen = new Set<SortCriterion["by"]>();
  return criteria.filter(({ by }) => {
    if (seen.has(by)) return false;
    seen.add(by);
    return true;
  });
}

function sortedBy(
  columns: MailboxColumns,
  positions: Uint32Array,
  { by, reverse }: SortCriterion,
): Uint32Array {
  switch (by) {
    case "arrival":
      return byNumber(
        positions,
        (at) => columns.internalDates[at] ?? 0,
        reverse,
      );
    case "date":
      return byNumber(positions, (at) => sentAt(columns, at), reverse);
    case "size":
      return byNumber(positions, (at) => columns.sizes[at] ?? 0, reverse);
    default:
      return byRank(positions, columns.facts.text(by), reverse);
  }
}

function byNumber(
  positions: Uint32Array,
  valueAt: (position: number) => number,
  reverse: boolean,
): Uint32Array {
  const { length } = positions;
  const values = new Float64Array(length);
  let isSorted = true;
  for (let n = 0; n < length; n++) {
    const value = valueAt(positions[n] ?? 0);
    values[n] = reverse ? -value : value;
    if (n > 0 && (values[n - 1] ?? 0) > (values[n] ?? 0)) isSorted = false;
  }
  if (isSorted) return positions;
  const order = new Uint32Array(length);
  for (let n = 0; n < length; n++) order[n] = n;
  order.sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
  for (let n = 0; n < length; n++) order[n] = positions[order[n] ?? 0] ?? 0;
  return order;
}

/** Counts how many have each rank, then puts each to its place. */
function byRank(
  positions: Uint32Array,
  column: TextColumn,
  reverse: boolean,
): Uint32Array {
  const ranks = column.ranks();
  const last = ranks.length - 1;
  const rankAt = (position: number): number => {
    const rank = ranks[column.valueAt(position)] ?? 0;
    return reverse ? last - rank : rank;
  };
  const next = new Uint32Array(ranks.length + 1);
  for (let n = 0; n < positions.length; n++) {
    const rank = rankAt(positions[n] ?? 0);
    next[rank + 1] = (next[rank + 1] ?? 0) + 1;
  }
  for (let rank = 0; rank < ranks.length; rank++) {
    next[rank + 1] = (next[rank + 1] ?? 0) + (next[rank] ?? 0);
  }
  const order = new Uint32Array(positions.length);
  for (let n = 0; n < positions.length; n++) {
    const position = positions[n] ?? 0;
    const rank = rankAt(position);
    const to = next[rank] ?? 0;
    order[to] = position;
    next[rank] = to + 1;
  }
  return order;
}

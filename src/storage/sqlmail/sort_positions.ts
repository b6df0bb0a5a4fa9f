/** SORT. RFC 5256 section 3, RFC 5957 section 3. */
import type { SortCriterion } from "#src/imap/powers.ts";
import type { MailboxColumns } from "./mailbox_columns.ts";

/** `found` in the order of the criteria; equal ones stay in their order. */
export function sortPositions(
  columns: MailboxColumns,
  found: Uint32Array,
  criteria: readonly SortCriterion[],
): Uint32Array {
  const keys = criteria.map(({ by, reverse }) => ({
    values: valuesOf(columns, found, by),
    sign: reverse ? -1 : 1,
  }));
  const order = Uint32Array.from(found, (_, n) => n);
  const [only, second] = keys;
  if (only !== undefined && second === undefined) {
    const { values, sign } = only;
    order.sort((a, b) => ((values[a] ?? 0) - (values[b] ?? 0)) * sign || a - b);
  } else {
    order.sort((a, b) => {
      for (const { values, sign } of keys) {
        const difference = (values[a] ?? 0) - (values[b] ?? 0);
        if (difference !== 0) return difference * sign;
      }
      return a - b;
    });
  }
  return order.map((n) => found[n] ?? 0);
}

/** RFC 5256 section 2.2: the sent date, else when the message arrived. */
export function sentAt(columns: MailboxColumns, position: number): number {
  const sent = columns.facts.sentAt[position] ?? NaN;
  return Number.isNaN(sent) ? columns.internalDates[position] ?? 0 : sent;
}

/** Numbers that order the messages as the criterion does. */
function valuesOf(
  columns: MailboxColumns,
  found: Uint32Array,
  by: SortCriterion["by"],
): Float64Array {
  switch (by) {
    case "arrival":
      return Float64Array.from(found, (at) => columns.internalDates[at] ?? 0);
    case "date":
      return Float64Array.from(found, (at) => sentAt(columns, at));
    case "size":
      return Float64Array.from(found, (at) => columns.sizes[at] ?? 0);
    default: {
      const column = columns.facts.text(by);
      const ranks = column.ranks();
      return Float64Array.from(
        found,
        (at) => ranks[column.valueAt(at)] ?? 0,
      );
    }
  }
}

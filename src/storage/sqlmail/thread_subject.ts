/** THREAD=ORDEREDSUBJECT. RFC 5256 section 3. */
import type { ThreadWalk } from "#src/imap/powers.ts";
import type { MailboxColumns } from "./mailbox_columns.ts";
import { sortByDate } from "./sort_positions.ts";

/**
 * Messages of one base subject are a thread, by sent date; the first is the
 * parent of all others. Threads stand in the order of their first messages.
 */
export function threadBySubject(
  columns: MailboxColumns,
  found: Uint32Array,
): ThreadWalk {
  const subject = columns.facts.text("subject");
  const byDate = sortByDate(columns, found);
  const threads = new Map<number, number[]>();
  for (const position of byDate) {
    const value = subject.valueAt(position);
    const thread = threads.get(value);
    if (thread === undefined) threads.set(value, [position]);
    else thread.push(position);
  }
  const uids = new Uint32Array(found.length);
  const depths = new Uint32Array(found.length);
  let at = 0;
  // A map keeps the order in which the first messages came: by date.
  for (const thread of threads.values()) {
    for (const [n, position] of thread.entries()) {
      uids[at] = columns.uids[position] ?? 0;
      depths[at++] = n === 0 ? 0 : 1;
    }
  }
  return { uids, depths };
}

/** The QRESYNC parameter of SELECT. RFC 7162 section 7. */
import type { ResyncRequest, SequenceMatch } from "#src/imap/resync.ts";
import type { UidRanges } from "#src/imap/search_key.ts";
import { STAR } from "#src/imap/sequence_set.ts";
import type { Cursor } from "./cursor.ts";
import { parseSequenceSet } from "./sequence_set_grammar.ts";

const OPEN = 0x28;
const CLOSE = 0x29;

/** `(67890007 20050715194045000 41,43:211 (1,5 3,9))`. */
export function parseResync(cursor: Cursor): ResyncRequest {
  cursor.byte(OPEN);
  const uidValidity = cursor.nzNumber();
  cursor.sp();
  const since = cursor.number64();
  let known: UidRanges | undefined;
  let match: SequenceMatch | undefined;
  if (cursor.trySp()) {
    if (!cursor.atList) known = parseNumbers(cursor);
    if (known === undefined || cursor.trySp()) match = parseMatch(cursor);
  }
  cursor.byte(CLOSE);
  return { uidValidity, since, known, match };
}

function parseMatch(cursor: Cursor): SequenceMatch {
  cursor.byte(OPEN);
  const seqs = parseNumbers(cursor);
  cursor.sp();
  const uids = parseNumbers(cursor);
  cursor.byte(CLOSE);
  return { seqs, uids };
}

/** A set of plain numbers: neither `*` nor `$` mean anything here. */
function parseNumbers(cursor: Cursor): UidRanges {
  const set = parseSequenceSet(cursor);
  if (set.kind === "saved") return cursor.fail("numbers");
  const hasStar = set.ranges.some(([from, to]) => from === STAR || to === STAR);
  return hasStar ? cursor.fail("numbers") : set.ranges;
}

/**
 * SORT and UID SORT. RFC 5256 section 3, RFC 5957 (SORT=DISPLAY), RFC 5267
 * section 3 (ESORT). The order is the store's power.
 */
import { defineCommand, SELECTED } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import type { SortCriterion } from "#src/imap/powers.ts";
import {
  type Found,
  writeEsearch,
  writeNumbers,
} from "#src/imap/search_answer.ts";
import { orderedKey, orderOf } from "#src/imap/search_order.ts";
import type { SearchProgram } from "#src/imap/search_program.ts";
import { withProgress } from "#src/imap/progress.ts";
import { asciiText } from "#src/imap/wire/ascii.ts";
import type { Cursor } from "#src/imap/wire/cursor.ts";
import { parseKeys, parseReturn } from "#src/imap/wire/search_grammar.ts";

/** By what is sorted, as it is written. */
const CRITERIA: ReadonlyMap<string, SortCriterion["by"]> = new Map([
  ["ARRIVAL", "arrival"],
  ["CC", "cc"],
  ["DATE", "date"],
  ["DISPLAYFROM", "displayFrom"],
  ["DISPLAYTO", "displayTo"],
  ["FROM", "from"],
  ["SIZE", "size"],
  ["SUBJECT", "subject"],
  ["TO", "to"],
]);

/** More criteria than there are ways to sort say nothing new. */
const MAX_CRITERIA = 18;

interface SortProgram {
  readonly criteria: readonly SortCriterion[];
  readonly program: SearchProgram;
}

export const sort = defineCommand<SortProgram>({
  name: "SORT",
  states: SELECTED,
  uid: "also",
  capability: ["SORT", "SORT=DISPLAY", "ESORT"],
  power: "order",
  updates: (uid) => uid ? "all" : "noExpunge",
  parse(cursor) {
    cursor.sp();
    const returns = parseReturn(cursor);
    const criteria = parseCriteria(cursor);
    cursor.sp();
    const charset = asciiText(cursor.astring());
    cursor.sp();
    const program = parseKeys(cursor, returns, charset);
    cursor.end();
    return { criteria, program };
  },
  async run(session, { criteria, program }, { uid, tag }) {
    const { results, partial, hasModSeq } = program;
    if (hasModSeq) session.useCondstore();
    const { selected } = session;
    const work = orderOf(session).sort({
      mailbox: selected.view.mailbox,
      key: orderedKey(session, program.root),
      criteria,
    });
    const sorted = await withProgress(session, tag, work);
    const uids = sorted.filter((one) => selected.has(one));
    const found: Found = { uids, isAscending: false, uid, hasModSeq };
    if (results === undefined) await writeNumbers(session, "SORT", found);
    else {
      if (results.includes("SAVE")) {
        selected.savedResult = uids.slice().sort();
      }
      writeEsearch(session, found, { tag, results, partial });
      if (results.includes("UPDATE")) {
        // RFC 5267 section 4.3.1: only searches are kept alive.
        session.out.line(`* NO [NOUPDATE "${tag}"] Not for SORT`);
      }
    }
    return { text: "Sorted" };
  },
});

/** `(REVERSE DATE SUBJECT)`. */
function parseCriteria(cursor: Cursor): SortCriterion[] {
  const criteria: SortCriterion[] = [];
  cursor.list(() => {
    let word = cursor.word("sort criterion");
    const reverse = word === "REVERSE";
    if (reverse) {
      cursor.sp();
      word = cursor.word("sort criterion");
    }
    const by = CRITERIA.get(word) ?? cursor.fail("sort criterion");
    if (criteria.length >= MAX_CRITERIA) {
      throw new ImapError("BAD", "Too many criteria");
    }
    criteria.push({ by, reverse });
  });
  return criteria;
}

/**
 * SORT and UID SORT. RFC 5256 section 3, RFC 5957 (SORT=DISPLAY), RFC 5267
 * section 3 (ESORT), RFC 6203 section 6 (RELEVANCY). The order is the store's
 * power.
 */
import { defineCommand, SELECTED } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { relevancyOf } from "#src/imap/relevancy.ts";
import {
  orderByRelevancy,
  plainCriteria,
  type SortWord,
} from "#src/imap/relevancy_order.ts";
import {
  type Found,
  writeEsearch,
  writeNumbers,
} from "#src/imap/search_answer.ts";
import { orderedKey, orderOf } from "#src/imap/search_order.ts";
import {
  checkTag,
  forgetResult,
  refuseUpdate,
  saveResult,
} from "#src/imap/search_kept.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import type { SearchProgram } from "#src/imap/search_program.ts";
import type { Session } from "#src/imap/session.ts";
import { withProgress } from "#src/imap/progress.ts";
import { asciiText } from "#src/imap/wire/ascii.ts";
import type { Cursor } from "#src/imap/wire/cursor.ts";
import {
  needsFuzzy,
  parseKeys,
  parseReturn,
} from "#src/imap/wire/search_grammar.ts";

/** By what is sorted, as it is written. */
const CRITERIA: ReadonlyMap<string, SortWord["by"]> = new Map([
  ["ARRIVAL", "arrival"],
  ["CC", "cc"],
  ["DATE", "date"],
  ["DISPLAYFROM", "displayFrom"],
  ["DISPLAYTO", "displayTo"],
  ["FROM", "from"],
  ["RELEVANCY", "relevancy"],
  ["SIZE", "size"],
  ["SUBJECT", "subject"],
  ["TO", "to"],
]);

/** More criteria than there are ways to sort say nothing new. */
const MAX_CRITERIA = 20;

interface SortProgram {
  readonly criteria: readonly SortWord[];
  readonly program: SearchProgram;
}

export const sort = defineCommand<SortProgram>({
  name: "SORT",
  states: SELECTED,
  uid: "also",
  capability: "SORT",
  extensions: ["SORT=DISPLAY", "ESORT"],
  power: "order",
  updates: (uid, { program }) =>
    uid && !program.hasNumbers ? "all" : "noExpunge",
  parse(cursor) {
    cursor.sp();
    const returns = parseReturn(cursor);
    const criteria = parseCriteria(cursor);
    cursor.sp();
    const charset = asciiText(cursor.astring());
    cursor.sp();
    const program = parseKeys(cursor, returns, charset);
    cursor.end();
    if (plainCriteria(criteria) === undefined && !program.hasFuzzy) {
      throw needsFuzzy();
    }
    return { criteria, program };
  },
  async run(session, { criteria, program }, { uid, tag }) {
    const { results, partial, hasModSeq } = program;
    if (hasModSeq) session.useCondstore();
    checkTag(session, program, tag);
    const { uids, scores } = await withProgress(
      session,
      tag,
      sortWith(session, criteria, program),
    );
    const found: Found = { uids, isAscending: false, uid, hasModSeq };
    if (results === undefined) await writeNumbers(session, "SORT", found);
    else {
      saveSorted(session, program, uids);
      if (results.some((one) => one !== "SAVE")) {
        writeEsearch(session, found, { tag, results, partial, scores });
      }
      // Only searches are kept alive.
      if (results.includes("UPDATE")) {
        refuseUpdate(session, tag, "Not for SORT");
      }
    }
    return { text: "Sorted" };
  },
});

/** What matches and the client knows, sorted; with scores where asked for. */
async function sortWith(
  session: Session,
  criteria: readonly SortWord[],
  program: SearchProgram,
): Promise<{
  readonly uids: Uint32Array;
  readonly scores: Uint8Array | undefined;
}> {
  const { selected, services: { backend } } = session;
  const { mailbox } = selected.view;
  const order = orderOf(session);
  const find = (one: SearchKey): Promise<Uint32Array> =>
    backend.search(mailbox, one);
  try {
    const key = orderedKey(session, program);
    const plain = plainCriteria(criteria);
    const sorted = plain === undefined
      ? await orderByRelevancy(
        criteria,
        (some) =>
          some.length === 0
            ? find(key)
            : order.sort({ mailbox, key, criteria: some }),
        (uids) => relevancyOf(uids, key, find),
      )
      : await order.sort({ mailbox, key, criteria: plain });
    const uids = sorted.filter((one) => selected.has(one));
    const hasScores = program.results?.includes("RELEVANCY") === true;
    const scores = hasScores ? await relevancyOf(uids, key, find) : undefined;
    return { uids, scores };
  } catch (error) {
    forgetResult(session, program);
    throw error;
  }
}

/** `$` has the order of the mailbox. */
function saveSorted(
  session: Session,
  program: SearchProgram,
  uids: Uint32Array,
): void {
  saveResult(session, program, uids);
  const { selected } = session;
  if (program.results?.includes("SAVE") === true) {
    selected.savedResult = selected.savedResult.toSorted();
  }
}

/** `(REVERSE DATE SUBJECT)`. */
function parseCriteria(cursor: Cursor): SortWord[] {
  const criteria: SortWord[] = [];
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

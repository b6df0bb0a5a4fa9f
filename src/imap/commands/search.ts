/**
 * SEARCH and UID SEARCH. RFC 9051 section 6.4.4, RFC 4731 (ESEARCH), RFC 5182
 * (SAVE), RFC 7162 section 3.1.5 (MODSEQ).
 */
import { defineCommand, SELECTED } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { withProgress } from "#src/imap/progress.ts";
import {
  isInView,
  resolveSearch,
  searchView,
} from "#src/imap/search_resolve.ts";
import type { SearchProgram, SearchReturn } from "#src/imap/search_program.ts";
import { formatSet } from "#src/imap/sequence_set.ts";
import type { Session } from "#src/imap/session.ts";
import { parseSearch } from "#src/imap/wire/search_grammar.ts";

export const search = defineCommand<SearchProgram>({
  name: "SEARCH",
  states: SELECTED,
  uid: "also",
  updates: (uid) => uid ? "all" : "noExpunge",
  parse(cursor) {
    cursor.sp();
    const program = parseSearch(cursor);
    cursor.end();
    return program;
  },
  async run(session, program, { uid, tag }) {
    // RFC 6855 section 3: what UTF-8 has been agreed on needs no other word.
    if (program.hasCharset && session.enabled.has("UTF8=ACCEPT")) {
      throw new ImapError("BAD", "There is no CHARSET after UTF8=ACCEPT");
    }
    if (program.hasModSeq) session.useCondstore();
    const found = await searchWith(session, program, tag);
    const highest = program.hasModSeq ? highestOf(session, found) : undefined;
    const numbers = uid
      ? found
      : Array.from(found, (one) => session.selected.seqOf(one));
    // RFC 9051 section 6.4.4: no SEARCH responses in IMAP4rev2.
    const results = program.results ?? (session.rev2 ? ["ALL"] : undefined);
    if (results === undefined) {
      await writeSearch(session, numbers, highest);
    } else {
      const shown = results.filter((result) => result !== "SAVE");
      save(session, results, found);
      if (shown.length > 0) {
        const { hasModSeq } = program;
        writeEsearch(session, { tag, uid, shown, numbers, found, hasModSeq });
      }
    }
    return { text: "Searched" };
  },
});

/** UIDs that match and that the client knows. */
async function searchWith(
  session: Session,
  program: SearchProgram,
  tag: string,
): Promise<Uint32Array> {
  const { selected, services } = session;
  try {
    const key = resolveSearch(session, program.root);
    if (isInView(key)) return searchView(session, key);
    const work = services.backend.search(selected.view.mailbox, key);
    const found = await withProgress(session, tag, work);
    return found.filter((uid) => selected.has(uid));
  } catch (error) {
    // RFC 5182 section 2.1: a failed search leaves nothing saved.
    if (program.results?.includes("SAVE")) {
      selected.savedResult = new Uint32Array(0);
    }
    throw error;
  }
}

/** RFC 5182 section 2.4: with MIN or MAX alone, only those are saved. */
function save(
  session: Session,
  results: readonly SearchReturn[],
  found: Uint32Array,
): void {
  if (!results.includes("SAVE")) return;
  const hasMin = results.includes("MIN");
  const hasMax = results.includes("MAX");
  const isWhole = results.includes("ALL") || results.includes("COUNT") ||
    !(hasMin || hasMax);
  const ends: number[] = [];
  if (hasMin) ends.push(...found.subarray(0, 1));
  if (hasMax) ends.push(...found.subarray(-1));
  session.selected.savedResult = isWhole
    ? found
    : Uint32Array.from(new Set(ends)).sort();
}

async function writeSearch(
  session: Session,
  numbers: ArrayLike<number>,
  highest: number | undefined,
): Promise<void> {
  const { out } = session;
  out.text("* SEARCH");
  for (let i = 0; i < numbers.length; i++) {
    out.text(` ${numbers[i] ?? 0}`);
    await out.relieve();
  }
  if (highest !== undefined && numbers.length > 0) {
    out.text(` (MODSEQ ${highest})`);
  }
  out.crlf();
}

interface Esearch {
  readonly tag: string;
  readonly uid: boolean;
  readonly shown: readonly SearchReturn[];
  readonly numbers: ArrayLike<number>;
  readonly found: Uint32Array;
  readonly hasModSeq: boolean;
}

/** RFC 4731 section 3.1; MODSEQ is that of what is returned (RFC 7162). */
function writeEsearch(session: Session, result: Esearch): void {
  const { numbers, shown, found } = result;
  const { out } = session;
  out.text(`* ESEARCH (TAG "${escape(result.tag)}")`);
  if (result.uid) out.text(" UID");
  const first = numbers[0];
  const last = numbers[numbers.length - 1];
  if (shown.includes("MIN") && first !== undefined) out.text(` MIN ${first}`);
  if (shown.includes("MAX") && last !== undefined) out.text(` MAX ${last}`);
  if (shown.includes("ALL") && numbers.length > 0) {
    out.text(` ALL ${formatSet(numbers)}`);
  }
  if (shown.includes("COUNT")) out.text(` COUNT ${numbers.length}`);
  if (result.hasModSeq && numbers.length > 0) {
    const isWhole = shown.includes("ALL") || shown.includes("COUNT");
    const ends = [
      ...(shown.includes("MIN") ? found.subarray(0, 1) : []),
      ...(shown.includes("MAX") ? found.subarray(-1) : []),
    ];
    out.text(` MODSEQ ${highestOf(session, isWhole ? found : ends)}`);
  }
  out.crlf();
}

/** A tag may hold what a quoted string must escape. */
function escape(tag: string): string {
  return tag.replace(/["\\]/g, "\\$&");
}

function highestOf(session: Session, uids: Iterable<number>): number {
  let highest = 0;
  for (const uid of uids) {
    highest = Math.max(highest, session.selected.modSeqOf(uid));
  }
  return highest;
}

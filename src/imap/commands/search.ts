/**
 * SEARCH and UID SEARCH. RFC 9051 section 6.4.4, RFC 4731 (ESEARCH), RFC 5182
 * (SAVE), RFC 7162 section 3.1.5 (MODSEQ), RFC 5267 (UPDATE, CANCELUPDATE),
 * RFC 9394 (PARTIAL).
 */
import { defineCommand, SELECTED } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import {
  type Found,
  writeEsearch,
  writeNumbers,
} from "#src/imap/search_answer.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import type { SearchProgram, SearchReturn } from "#src/imap/search_program.ts";
import {
  isInView,
  resolveSearch,
  searchView,
} from "#src/imap/search_resolve.ts";
import type { Session } from "#src/imap/session.ts";
import { withProgress } from "#src/imap/progress.ts";
import { asciiText } from "#src/imap/wire/ascii.ts";
import { parseSearch } from "#src/imap/wire/search_grammar.ts";

export const search = defineCommand<SearchProgram>({
  name: "SEARCH",
  states: SELECTED,
  uid: "also",
  capability: ["CONTEXT=SEARCH", "PARTIAL", "SEARCH=FUZZY"],
  updates: (uid) => uid ? "all" : "noExpunge",
  parse(cursor) {
    cursor.sp();
    const program = parseSearch(cursor);
    cursor.end();
    return program;
  },
  async run(session, program, { uid, tag }) {
    const { hasModSeq, partial } = program;
    // RFC 6855 section 3: what UTF-8 has been agreed on needs no other word.
    if (program.hasCharset && session.enabled.has("UTF8=ACCEPT")) {
      throw new ImapError("BAD", "There is no CHARSET after UTF8=ACCEPT");
    }
    if (hasModSeq) session.useCondstore();
    // RFC 9051 section 6.4.4: no SEARCH responses in IMAP4rev2.
    const results = program.results ?? (session.rev2 ? ["ALL"] : undefined);
    if (results?.includes("UPDATE") === true) checkTag(session, tag);
    const { key, uids } = await searchWith(session, program, tag);
    const found: Found = { uids, isAscending: true, uid, hasModSeq };
    if (results === undefined) await writeNumbers(session, "SEARCH", found);
    else {
      save(session, results, uids);
      const isShown = results.some((one) => one !== "SAVE" && one !== "UPDATE");
      if (isShown) writeEsearch(session, found, { tag, results, partial });
      if (results.includes("UPDATE")) {
        keepAlive(session, { tag, uid, key }, uids);
      }
    }
    return { text: "Searched" };
  },
});

export const cancelUpdate = defineCommand<readonly string[]>({
  name: "CANCELUPDATE",
  states: SELECTED,
  parse(cursor) {
    const tags: string[] = [];
    do {
      cursor.sp();
      tags.push(asciiText(cursor.string()));
    } while (!cursor.atEnd);
    cursor.end();
    return tags;
  },
  run(session, tags) {
    const { contexts } = session.selected;
    if (!tags.every((tag) => contexts.has(tag))) {
      throw new ImapError("BAD", "There is no such search");
    }
    for (const tag of tags) contexts.cancel(tag);
    return Promise.resolve({ text: "No more updates" });
  },
});

/** RFC 5267 section 4.3: a tag names one live search. */
function checkTag(session: Session, tag: string): void {
  if (!session.selected.contexts.has(tag)) return;
  throw new ImapError("BAD", "The tag is that of a search that is alive");
}

function keepAlive(
  session: Session,
  search: {
    readonly tag: string;
    readonly uid: boolean;
    readonly key: SearchKey;
  },
  found: Uint32Array,
): void {
  if (session.selected.contexts.add(session, search, found)) return;
  // RFC 5267 section 4.3.1.
  session.out.line(`* NO [NOUPDATE "${search.tag}"] Too many live searches`);
}

/** UIDs that match and that the client knows. */
async function searchWith(
  session: Session,
  program: SearchProgram,
  tag: string,
): Promise<{ readonly key: SearchKey; readonly uids: Uint32Array }> {
  const { selected, services } = session;
  try {
    const key = resolveSearch(session, program.root);
    if (isInView(key)) return { key, uids: searchView(session, key) };
    const work = services.backend.search(selected.view.mailbox, key);
    const found = await withProgress(session, tag, work);
    return { key, uids: found.filter((uid) => selected.has(uid)) };
  } catch (error) {
    // RFC 5182 section 2.1: a failed search leaves nothing saved.
    if (program.results?.includes("SAVE") === true) {
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
    results.includes("PARTIAL") || !(hasMin || hasMax);
  const ends: number[] = [];
  if (hasMin) ends.push(...found.subarray(0, 1));
  if (hasMax) ends.push(...found.subarray(-1));
  session.selected.savedResult = isWhole
    ? found
    : Uint32Array.from(new Set(ends)).sort();
}

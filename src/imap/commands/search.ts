/**
 * SEARCH and UID SEARCH. RFC 9051 section 6.4.4, RFC 4731 (ESEARCH), RFC 5182
 * (SAVE), RFC 7162 section 3.1.5 (MODSEQ), RFC 5267 (UPDATE, CANCELUPDATE),
 * RFC 9394 (PARTIAL), RFC 6203 (FUZZY, RELEVANCY).
 */
import { defineCommand, SELECTED } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import {
  type Found,
  writeEsearch,
  writeNumbers,
} from "#src/imap/search_answer.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import {
  checkTag,
  forgetResult,
  keepAlive,
  saveResult,
} from "#src/imap/search_kept.ts";
import type { SearchProgram } from "#src/imap/search_program.ts";
import { relevancyOf } from "#src/imap/relevancy.ts";
import {
  checkCharset,
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
  extensions: ["CONTEXT=SEARCH", "PARTIAL", "SEARCH=FUZZY"],
  // RFC 7162 section 3.2.10.2: numbers forbid it in UID SEARCH too.
  updates: (uid, { hasNumbers }) => uid && !hasNumbers ? "all" : "noExpunge",
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
    checkTag(session, program, tag);
    const { key, uids } = await searchWith(session, program, tag);
    const found: Found = { uids, isAscending: true, uid, hasModSeq };
    if (results === undefined) await writeNumbers(session, "SEARCH", found);
    else {
      saveResult(session, program, uids);
      const isShown = results.some((one) => one !== "SAVE" && one !== "UPDATE");
      if (isShown) {
        const scores = await scoresOf(session, program, { key, uids, tag });
        writeEsearch(session, found, { tag, results, partial, scores });
      }
      keepAlive(session, program, { tag, uid, key }, uids);
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

/** UIDs that match and that the client knows. */
async function searchWith(
  session: Session,
  program: SearchProgram,
  tag: string,
): Promise<{ readonly key: SearchKey; readonly uids: Uint32Array }> {
  const { selected, services } = session;
  try {
    checkCharset(program);
    const key = resolveSearch(session, program.root);
    if (isInView(key)) return { key, uids: searchView(session, key) };
    const work = services.backend.search(selected.view.mailbox, key);
    const found = await withProgress(session, tag, work);
    return { key, uids: found.filter((uid) => selected.has(uid)) };
  } catch (error) {
    forgetResult(session, program);
    throw error;
  }
}

/** Where RELEVANCY was asked for. */
async function scoresOf(
  session: Session,
  { results }: SearchProgram,
  { key, uids, tag }: {
    readonly key: SearchKey;
    readonly uids: Uint32Array;
    readonly tag: string;
  },
): Promise<Uint8Array | undefined> {
  if (results?.includes("RELEVANCY") !== true) return undefined;
  const { mailbox } = session.selected.view;
  const { backend } = session.services;
  const work = relevancyOf(uids, key, (one) => backend.search(mailbox, one));
  return await withProgress(session, tag, work);
}

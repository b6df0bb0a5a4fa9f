/**
 * ESEARCH: one search in several mailboxes. RFC 7377 (MULTISEARCH). Results
 * are UIDs always, and go mailbox by mailbox. Of the selected mailbox alone it
 * is as UID SEARCH: with sequence numbers, `$` and SAVE.
 */
import { StorageError } from "#src/errors/errors.ts";
import type {
  AccountId,
  MailboxId,
  MailboxInfo,
  ModSeq,
  StorageBackend,
  Uid,
} from "#src/imap/backend.ts";
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { MAX_SEARCHED_MAILBOXES } from "#src/imap/limits.ts";
import { withProgress } from "#src/imap/progress.ts";
import { writeMailboxResult } from "#src/imap/search_answer.ts";
import { relevancyOf } from "#src/imap/relevancy.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import {
  checkTag,
  forgetResult,
  keepAlive,
  refuseUpdate,
  saveResult,
} from "#src/imap/search_kept.ts";
import {
  checkCharset,
  resolveElsewhere,
  resolveSearch,
} from "#src/imap/search_resolve.ts";
import type { SearchProgram } from "#src/imap/search_program.ts";
import type { Session } from "#src/imap/session.ts";
import { lowerBound } from "#src/imap/sorted_numbers.ts";
import type { Cursor } from "#src/imap/wire/cursor.ts";
import { parseMailbox } from "#src/imap/wire/mailbox_name.ts";
import { parseSearch } from "#src/imap/wire/search_grammar.ts";

/** Where is searched. RFC 7377 section 2.2. */
type Source =
  | { readonly kind: "selected" | "inboxes" | "personal" | "subscribed" }
  | {
    readonly kind: "subtree" | "subtreeOne" | "mailboxes";
    readonly names: readonly string[];
  };

interface EsearchProgram {
  readonly sources: readonly Source[];
  readonly program: SearchProgram;
}

const PLAIN_SOURCES: ReadonlyMap<string, Source> = new Map([
  ["SELECTED", { kind: "selected" } as const],
  ["INBOXES", { kind: "inboxes" } as const],
  ["PERSONAL", { kind: "personal" } as const],
  ["SUBSCRIBED", { kind: "subscribed" } as const],
]);

const NAMED_SOURCES = new Map(
  [
    ["SUBTREE", "subtree"],
    ["SUBTREE-ONE", "subtreeOne"],
    ["MAILBOXES", "mailboxes"],
  ] as const,
);

export const esearch = defineCommand<EsearchProgram>({
  name: "ESEARCH",
  states: LOGGED_IN,
  capability: "MULTISEARCH",
  parse(cursor, { utf8 }) {
    cursor.sp();
    let sources: readonly Source[] = [{ kind: "selected" }];
    if (cursor.tryWord("IN")) {
      cursor.sp();
      sources = parseSources(cursor, utf8);
      cursor.sp();
    }
    const program = parseSearch(cursor);
    cursor.end();
    return { sources, program };
  },
  async run(session, { sources, program }, { tag }) {
    const { backend } = session.services;
    const isSelectedOnly = sources.every(({ kind }) => kind === "selected");
    checkReturn(session, program, { isSelectedOnly, tag });
    if (program.hasModSeq) session.useCondstore();
    const listed = await backend.listMailboxes(session.account.id);
    const unlisted = await findUnlisted(session, listed, sources);
    const mailboxes = pick(session, [...listed, ...unlisted], sources);
    if (mailboxes.length > MAX_SEARCHED_MAILBOXES) {
      throw new ImapError("NO", "Too many mailboxes", "LIMIT");
    }
    let isKept = false;
    try {
      checkCharset(program);
      for (const info of mailboxes) {
        const found = await searchOne(session, info, {
          program,
          tag,
          isSelectedOnly,
        });
        isKept ||= found === "kept";
        await session.out.relieve();
      }
    } catch (error) {
      forgetResult(session, program);
      throw error;
    }
    if (!isKept && program.results?.includes("UPDATE") === true) {
      refuseUpdate(session, tag, "Only for the selected mailbox");
    }
    return { text: "Searched" };
  },
});

/** RFC 7377 section 2.2: SAVE and UPDATE are of the selected mailbox. */
function checkReturn(
  session: Session,
  program: SearchProgram,
  { isSelectedOnly, tag }: {
    readonly isSelectedOnly: boolean;
    readonly tag: string;
  },
): void {
  const { results = [] } = program;
  if (results.includes("SAVE") && !isSelectedOnly) {
    throw new ImapError("BAD", "SAVE is for the selected mailbox alone");
  }
  if (results.includes("UPDATE") && session.trySelected === undefined) {
    throw new ImapError("BAD", "No mailbox is selected");
  }
  checkTag(session, program, tag);
}

/** Searches a mailbox and tells what is there; `kept`: it stays alive. */
async function searchOne(
  session: Session,
  { id, name, status }: MailboxInfo,
  { program, tag, isSelectedOnly }: {
    readonly program: SearchProgram;
    readonly tag: string;
    readonly isSelectedOnly: boolean;
  },
): Promise<"kept" | "told"> {
  if (id === undefined || status === undefined) return "told";
  const { backend } = session.services;
  const { trySelected } = session;
  const selected = trySelected?.view.mailbox === id ? trySelected : undefined;
  const key = isSelectedOnly
    ? resolveSearch(session, program.root)
    : resolveElsewhere(program.root, status.uidNext - 1);
  const find = (one: SearchKey): Promise<Uint32Array> =>
    backend.search(id, one);
  const all = await withProgress(session, tag, find(key));
  const uids = selected === undefined
    ? all
    : all.filter((uid) => selected.has(uid));
  const { results = ["ALL" as const], partial } = program;
  if (isSelectedOnly) saveResult(session, program, uids);
  const isShown = results.some((one) => one !== "SAVE" && one !== "UPDATE");
  if (uids.length > 0 && isShown) {
    const scores = results.includes("RELEVANCY")
      ? await withProgress(session, tag, relevancyOf(uids, key, find))
      : undefined;
    const { uidValidity } = status;
    const modSeqOf = program.hasModSeq
      ? await modSeqsOf(session, id)
      : undefined;
    const shown = { tag, results, partial, scores };
    const found = { name, uidValidity, uids, modSeqOf };
    writeMailboxResult(session, found, shown);
  }
  if (selected === undefined) return "told";
  keepAlive(session, program, { tag, uid: true, key }, uids);
  return "kept";
}

/** Mod-sequences of the messages of a mailbox. */
async function modSeqsOf(
  { services, trySelected }: Session,
  id: MailboxId,
): Promise<(uid: Uid) => ModSeq> {
  if (trySelected?.view.mailbox === id) {
    return (uid) => trySelected.modSeqOf(uid);
  }
  const { uids, modSeqs } = await services.backend.snapshot(id);
  return (uid) => modSeqs[lowerBound(uids, uid)] ?? 0;
}

/**
 * Mailboxes of others that are named, or selected, and that one may read but
 * not see in a list. RFC 7377 section 2.2: the right `l` is not asked for then.
 */
async function findUnlisted(
  { services, account, trySelected }: Session,
  listed: readonly MailboxInfo[],
  sources: readonly Source[],
): Promise<MailboxInfo[]> {
  const names = new Set<string>();
  for (const source of sources) {
    if (source.kind === "selected" && trySelected !== undefined) {
      names.add(trySelected.name);
    } else if (source.kind === "mailboxes") {
      for (const name of source.names) names.add(name);
    }
  }
  for (const { name } of listed) names.delete(name);
  const found: MailboxInfo[] = [];
  for (const name of names) {
    const info = await tryFind(services.backend, account.id, name);
    if (info !== undefined) found.push(info);
  }
  return found;
}

async function tryFind(
  backend: StorageBackend,
  account: AccountId,
  name: string,
): Promise<MailboxInfo | undefined> {
  try {
    return await backend.findMailbox(account, name);
  } catch (error) {
    if (!(error instanceof StorageError) || error.kind !== "notFound") {
      throw error;
    }
    return undefined;
  }
}

function parseSources(cursor: Cursor, utf8: boolean): Source[] {
  const sources: Source[] = [];
  cursor.list(() => {
    const word = cursor.word("source of mailboxes");
    const named = NAMED_SOURCES.get(word as "SUBTREE");
    if (named !== undefined) {
      cursor.sp();
      sources.push({ kind: named, names: parseNames(cursor, utf8) });
      return;
    }
    const plain = PLAIN_SOURCES.get(word);
    sources.push(plain ?? cursor.fail("source of mailboxes"));
  });
  return sources;
}

/** One mailbox, or several in parentheses. */
function parseNames(cursor: Cursor, utf8: boolean): string[] {
  if (!cursor.atList) return [parseMailbox(cursor, utf8)];
  const names: string[] = [];
  cursor.list(() => {
    if (names.length >= MAX_SEARCHED_MAILBOXES) cursor.fail("fewer mailboxes");
    names.push(parseMailbox(cursor, utf8));
  });
  return names;
}

/** Each mailbox once, in the order of the list. */
function pick(
  session: Session,
  all: readonly MailboxInfo[],
  sources: readonly Source[],
): MailboxInfo[] {
  return all.filter((info) =>
    info.id !== undefined &&
    sources.some((source) => isIn(session, info, source))
  );
}

function isIn(session: Session, info: MailboxInfo, source: Source): boolean {
  const { name } = info;
  switch (source.kind) {
    case "selected": {
      const selected = session.trySelected;
      if (selected === undefined) {
        throw new ImapError("BAD", "No mailbox is selected");
      }
      return info.id === selected.view.mailbox;
    }
    // Plus addresses may deliver anywhere. RFC 5465 section 6.3.
    case "inboxes":
    case "personal":
      return info.rights === undefined;
    case "subscribed":
      return info.subscribed;
    case "subtree":
      return source.names.some((top) =>
        name === top || name.startsWith(`${top}/`)
      );
    case "subtreeOne":
      return source.names.some((top) => name === top || isChild(name, top));
    case "mailboxes":
      return source.names.includes(name);
  }
}

function isChild(name: string, parent: string): boolean {
  return name.startsWith(`${parent}/`) &&
    !name.slice(parent.length + 1).includes("/");
}

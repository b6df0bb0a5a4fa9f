/**
 * FETCH and UID FETCH. RFC 9051 section 6.4.5, RFC 7162 section 3.1.4, RFC 3516
 * (BINARY), RFC 8970 (PREVIEW), RFC 8514 (SAVEDATE), RFC 8474 (OBJECTID).
 */
import type { FetchedMessage } from "#src/imap/backend.ts";
import { defineCommand, type Done, SELECTED } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { hasBit, SEEN_BIT } from "#src/imap/flags.ts";
import type { FetchItem } from "#src/imap/fetch_item.ts";
import { type FetchPlan, planFetch } from "#src/imap/fetch_plan.ts";
import {
  checkFetched,
  FetchWriter,
  writeFromView,
} from "#src/imap/fetch_writer.ts";
import { hasRights } from "#src/imap/rights.ts";
import { resolveSet } from "#src/imap/resolve_set.ts";
import { tellVanished } from "#src/imap/resync.ts";
import type { SequenceSet } from "#src/imap/sequence_set.ts";
import type { Session } from "#src/imap/session.ts";
import { cutPartial } from "#src/imap/search_answer.ts";
import type { PartialRange } from "#src/imap/search_program.ts";
import { StreamLost } from "#src/imap/stream_lost.ts";
import type { Cursor } from "#src/imap/wire/cursor.ts";
import { parseFetchItems } from "#src/imap/wire/fetch_grammar.ts";
import { parsePartial } from "#src/imap/wire/search_grammar.ts";
import { parseSequenceSet } from "#src/imap/wire/sequence_set_grammar.ts";

interface FetchArguments {
  readonly set: SequenceSet;
  readonly items: readonly FetchItem[];
  readonly modifiers: FetchModifiers;
}

interface FetchModifiers {
  readonly changedSince?: number;
  /** Those of the set that are gone since are told, too. */
  readonly vanished?: boolean;
  /** Only these of the messages named. RFC 9394 section 3.3. */
  readonly partial?: PartialRange;
}

export const fetch = defineCommand<FetchArguments>({
  name: "FETCH",
  states: SELECTED,
  uid: "also",
  updates: (uid) => uid ? "all" : "noExpunge",
  parse(cursor, { uid }) {
    cursor.sp();
    const set = parseSequenceSet(cursor);
    cursor.sp();
    const items = parseFetchItems(cursor);
    const modifiers = cursor.trySp() ? parseModifiers(cursor, uid) : {};
    cursor.end();
    return { set, items, modifiers };
  },
  async run(session, { set, items, modifiers }, { uid }) {
    const { changedSince, vanished } = modifiers;
    if (vanished && !session.qresync) {
      throw new ImapError("BAD", "ENABLE QRESYNC first");
    }
    const plan = planFetch(items);
    if (plan.hasModSeq || changedSince !== undefined) session.useCondstore();
    const { selected } = session;
    if (vanished) await tellVanished(session, set, changedSince ?? 0);
    const picked = resolveSet(session, set, uid ? "uid" : "seq");
    const { partial } = modifiers;
    // RFC 9394 section 3.4: of this part, what has changed.
    const part = partial === undefined
      ? picked.uids
      : cutPartial(picked.uids, partial);
    const uids = changedSince === undefined
      ? part
      : part.filter((one) => selected.modSeqOf(one) > changedSince);
    const modSeq = changedSince !== undefined;
    const isComplete = await fetchMessages(session, uids, plan, {
      uid,
      modSeq,
    });
    // Their UIDs are known still: the client learns what will be expunged.
    const tellsGone = uids === picked.uids && asksUidOnly(plan);
    if (tellsGone) await tellUids(session, picked.gone);
    return answerOf(isComplete && (tellsGone || picked.gone.length === 0));
  },
});

/**
 * `(CHANGEDSINCE 5 VANISHED)`, RFC 7162 section 3.1.4.1 and 3.2.6, and
 * `(PARTIAL -1:-30)`, RFC 9394 section 3.3.
 */
function parseModifiers(cursor: Cursor, uid: boolean): FetchModifiers {
  let changedSince: number | undefined;
  let vanished = false;
  let partial: PartialRange | undefined;
  cursor.list(() => {
    if (uid && cursor.tryWord("VANISHED")) vanished = true;
    else if (cursor.tryWord("CHANGEDSINCE")) {
      cursor.sp();
      changedSince = cursor.number64();
    } else if (cursor.tryWord("PARTIAL")) {
      cursor.sp();
      partial = parsePartial(cursor);
    } else cursor.fail("fetch modifier");
  });
  if (changedSince === undefined && (vanished || partial === undefined)) {
    return cursor.fail("CHANGEDSINCE");
  }
  return {
    vanished,
    ...(changedSince === undefined ? {} : { changedSince }),
    ...(partial === undefined ? {} : { partial }),
  };
}

/** What every response has besides the items asked for. */
interface Always {
  readonly uid: boolean;
  readonly modSeq: boolean;
}

/** Writes the responses; says whether every message was still there. */
export function fetchMessages(
  session: Session,
  uids: Uint32Array,
  plan: FetchPlan,
  always: Always,
): Promise<boolean> {
  return plan.columns === undefined
    ? fetchFromView(session, uids, plan, always)
    : fetchStored(session, uids, plan, always);
}

function asksUidOnly(plan: FetchPlan): boolean {
  return plan.columns === undefined && plan.hasUid && !plan.hasFlags &&
    !plan.hasModSeq;
}

async function tellUids(
  session: Session,
  uids: readonly number[],
): Promise<void> {
  const { out } = session;
  for (const one of uids) {
    out.text(`${session.fetchStart(one)}UID ${one})\r\n`);
    if (out.isFull) await out.flush();
  }
}

/** Says whether every message was still there. */
async function fetchFromView(
  session: Session,
  uids: Uint32Array,
  plan: FetchPlan,
  always: Always,
): Promise<boolean> {
  const { selected, out } = session;
  const extras = { ...always, flags: false };
  let missing = 0;
  for (const one of uids) {
    if (!selected.has(one)) missing++;
    else writeFromView(session, one, plan, extras);
    if (out.isFull) await out.flush();
  }
  return missing === 0;
}

/** Says whether every message was still there. */
async function fetchStored(
  session: Session,
  uids: Uint32Array,
  plan: FetchPlan,
  always: Always,
): Promise<boolean> {
  if (uids.length === 0) return true;
  const { selected, out, services } = session;
  const { mailbox } = selected.view;
  const writer = new FetchWriter(session, plan);
  let written = 0;
  const batches = services.backend.fetch(mailbox, uids, plan.columns ?? {});
  for await (const batch of batches) {
    // Before anything is marked or written: NO [UNKNOWN-CTE].
    if (plan.hasBinary) {
      for (const message of batch) checkFetched(message, plan);
    }
    const marked = plan.marksSeen && !selected.readOnly &&
        hasRights(selected.rights, "s")
      ? await markSeen(session, batch)
      : NOTHING;
    for (const message of batch) {
      // Expunged since it was read: of its flags nothing is known any more.
      if (!selected.has(message.uid)) continue;
      written++;
      const flags = marked.has(message.uid);
      // RFC 7162 section 3.2.4: UID and MODSEQ, where \Seen was set by this.
      const isChange = flags && session.condstore;
      const extras = {
        uid: always.uid || isChange,
        modSeq: always.modSeq || isChange,
        flags,
      };
      const before = out.written;
      try {
        const waits = writer.write(message, extras);
        if (waits !== undefined) await waits;
      } catch (error) {
        // A response was begun: nothing else may follow it.
        if (out.written === before) throw error;
        throw new StreamLost("A FETCH response broke off", { cause: error });
      }
      if (out.isFull) await out.flush();
    }
  }
  return written === uids.length;
}

const NOTHING: ReadonlySet<number> = new Set();

/** Sets \Seen where it is not; gives the messages that got it. */
async function markSeen(
  session: Session,
  batch: readonly FetchedMessage[],
): Promise<ReadonlySet<number>> {
  const { selected, services } = session;
  const unseen = batch.map((message) => message.uid)
    .filter((uid) => !hasBit(selected.flagsOf(uid), SEEN_BIT));
  if (unseen.length === 0) return NOTHING;
  const outcome = await services.backend.storeFlags(
    selected.view.mailbox,
    Uint32Array.from(unseen),
    { mode: "add", flags: ["\\Seen"] },
  );
  selected.view.applyStore(outcome);
  session.tellKeywords();
  return new Set(outcome.uids);
}

function answerOf(isComplete: boolean): Done {
  return isComplete
    ? { text: "Fetched" }
    : { text: "Some messages are gone", code: "EXPUNGEISSUED" };
}

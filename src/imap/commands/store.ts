/** STORE and UID STORE. RFC 9051 section 6.4.6, RFC 7162 section 3.1.3. */
import type {
  FlagGuard,
  StoreOutcome,
  StoreRequest,
} from "#src/imap/backend.ts";
import { defineCommand, SELECTED } from "#src/imap/command.ts";
import { difference, flagSetOf, union } from "#src/imap/flags.ts";
import { allowedFlags, flagGuardOf, lackingRights } from "#src/imap/rights.ts";
import { resolveSome } from "#src/imap/resolve_set.ts";
import type { SelectedMailbox } from "#src/imap/selected_mailbox.ts";
import { formatSet } from "#src/imap/sequence_set.ts";
import type { SequenceSet } from "#src/imap/sequence_set.ts";
import type { Session } from "#src/imap/session.ts";
import type { Cursor } from "#src/imap/wire/cursor.ts";
import { parseStoreFlags } from "#src/imap/wire/flag_grammar.ts";
import { parseSequenceSet } from "#src/imap/wire/sequence_set_grammar.ts";

const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;

interface StoreArguments {
  readonly set: SequenceSet;
  readonly request: StoreRequest;
  readonly isSilent: boolean;
}

export const store = defineCommand<StoreArguments>({
  name: "STORE",
  states: SELECTED,
  uid: "also",
  updates: (uid) => uid ? "all" : "noExpunge",
  parse(cursor) {
    cursor.sp();
    const set = parseSequenceSet(cursor);
    cursor.sp();
    const unchangedSince = parseModifiers(cursor);
    const mode = cursor.tryByte(PLUS)
      ? "add"
      : cursor.tryByte(MINUS)
      ? "remove"
      : "replace";
    if (cursor.tryLetters() !== "FLAGS") cursor.fail("FLAGS");
    const isSilent = cursor.tryByte(DOT);
    if (isSilent && cursor.tryLetters() !== "SILENT") cursor.fail("SILENT");
    cursor.sp();
    const flags = parseStoreFlags(cursor);
    cursor.end();
    const request: StoreRequest = unchangedSince === undefined
      ? { mode, flags }
      : { mode, flags, unchangedSince };
    return { set, request, isSilent };
  },
  async run(session, { set, request, isSilent }, { uid }) {
    const selected = session.writable;
    const { backend } = session.services;
    if (request.unchangedSince !== undefined) session.useCondstore();
    const picked = resolveSome(session, set, uid ? "uid" : "seq");
    if (picked.uids.length === 0) return { text: "Nothing to do" };
    const mayChange = guardOf(selected, request);
    const before = isSilent ? remember(selected, picked.uids) : undefined;
    const outcome = await backend.storeFlags(
      selected.view.mailbox,
      picked.uids,
      { ...request, ...(mayChange && { mayChange }) },
    );
    selected.view.applyStore(outcome);
    session.tellKeywords();
    if (before === undefined) await tellAll(session, outcome, uid);
    else await tellSome(session, outcome, request, before);
    await tellModified(session, outcome, request, uid);
    const stored = outcome.uids.length + outcome.modified.length;
    const someGone = picked.gone.length > 0 || stored < picked.uids.length;
    return answerOf(selected, outcome, uid, someGone);
  },
});

/**
 * Flags that may be changed; `undefined`: all. RFC 4314 section 4: what may not
 * is passed over, unless nothing is left.
 */
function guardOf(
  selected: SelectedMailbox,
  { mode, flags }: StoreRequest,
): FlagGuard | undefined {
  const guard = flagGuardOf(selected.rights);
  if (guard === undefined) return undefined;
  const isLost = mode === "replace"
    ? !guard.seen && !guard.deleted && !guard.others
    : flags.length > 0 && allowedFlags(flags, guard).length === 0;
  if (isLost) throw lackingRights("l");
  return guard;
}

/** `(UNCHANGEDSINCE 5) `. */
function parseModifiers(cursor: Cursor): number | undefined {
  if (!cursor.atList) return undefined;
  let value: number | undefined;
  cursor.list(() => {
    if (!cursor.tryWord("UNCHANGEDSINCE")) cursor.fail("store modifier");
    cursor.sp();
    value = cursor.number64();
  });
  cursor.sp();
  return value;
}

/** What the client may think of the flags before a silent STORE. */
interface Before {
  readonly flags: Float64Array;
  readonly uids: Uint32Array;
  /** Changes by others that the client had not been told of. */
  readonly pending: ReadonlySet<number>;
}

function remember(selected: SelectedMailbox, uids: Uint32Array): Before {
  const flags = new Float64Array(uids.length);
  const pending = new Set<number>();
  uids.forEach((uid, i) => {
    flags[i] = selected.flagsOf(uid);
    if (selected.isPending(uid)) pending.add(uid);
  });
  return { uids, flags, pending };
}

/** Every message that was named, with its flags. */
async function tellAll(
  session: Session,
  outcome: StoreOutcome,
  uid: boolean,
): Promise<void> {
  const { selected } = session;
  for (const changed of outcome.uids) {
    if (!selected.has(changed)) continue;
    writeFlags(session, changed, uid);
    await session.out.relieve();
  }
}

/** RFC 7162 section 3.1.3: why they were refused, so that nobody has to ask. */
async function tellModified(
  session: Session,
  { modified }: StoreOutcome,
  { unchangedSince = 0 }: StoreRequest,
  uid: boolean,
): Promise<void> {
  const { selected } = session;
  for (const one of modified) {
    // Where the change is not known here yet, the news will tell it.
    if (selected.modSeqOf(one) <= unchangedSince) continue;
    writeFlags(session, one, uid);
    await session.out.relieve();
  }
}

function writeFlags(session: Session, uid: number, withUid: boolean): void {
  if (withUid || session.condstore) {
    session.tellFlags(uid);
    return;
  }
  const { selected, out } = session;
  selected.noteTold(uid);
  out.text(`${session.fetchStart(uid)}FLAGS `);
  out.text(session.flagList(uid)).text(")\r\n");
}

/**
 * After a silent STORE the client knows the flags, unless somebody else has
 * changed them too; then they are told (RFC 9051 section 6.4.6). A client that
 * knows mod-sequences is told the new ones (RFC 7162 section 3.1.3).
 */
async function tellSome(
  session: Session,
  outcome: StoreOutcome,
  request: StoreRequest,
  before: Before,
): Promise<void> {
  const { selected, out } = session;
  const change = flagSetOf(request.flags, outcome.keywords);
  let at = 0;
  for (let i = 0; i < outcome.uids.length; i++) {
    const uid = outcome.uids[i] ?? 0;
    while (at < before.uids.length && before.uids[at] !== uid) at++;
    const old = before.flags[at] ?? 0;
    const expected = request.mode === "add"
      ? union(old, change)
      : request.mode === "remove"
      ? difference(old, change)
      : change;
    const isKnown = expected === outcome.flags[i] && !before.pending.has(uid);
    if (!selected.has(uid)) continue;
    if (isKnown) selected.noteTold(uid);
    if (session.condstore) {
      const start = session.fetchStart(uid);
      out.text(session.uidOnly ? start : `${start}UID ${uid} `);
      out.text(`MODSEQ (${selected.tellModSeq(uid)}))\r\n`);
      await out.relieve();
    }
  }
}

function answerOf(
  selected: SelectedMailbox,
  outcome: StoreOutcome,
  uid: boolean,
  someGone: boolean,
): { readonly text: string; readonly code?: string } {
  if (outcome.modified.length > 0) {
    const numbers = uid
      ? outcome.modified
      : Array.from(outcome.modified, (one) => selected.seqOf(one));
    return {
      text: "Some have changed meanwhile",
      code: `MODIFIED ${formatSet(numbers)}`,
    };
  }
  if (someGone) return { text: "Some are gone", code: "EXPUNGEISSUED" };
  return { text: "Stored" };
}

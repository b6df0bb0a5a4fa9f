/** COPY, MOVE and their UID forms. RFC 9051 section 6.4.7, 6.4.8 (RFC 6851). */
import type { PlacedMessages } from "#src/imap/backend.ts";
import { type Command, defineCommand, SELECTED } from "#src/imap/command.ts";
import { withProgress } from "#src/imap/progress.ts";
import { requireSelected } from "#src/imap/mailbox_access.ts";
import { flagGuardOf, hasRights } from "#src/imap/rights.ts";
import { resolveSome } from "#src/imap/resolve_set.ts";
import { highestModSeq } from "./expunge.ts";
import { formatSet } from "#src/imap/sequence_set.ts";
import type { SequenceSet } from "#src/imap/sequence_set.ts";
import { parseMailbox } from "#src/imap/wire/mailbox_name.ts";
import { parseSequenceSet } from "#src/imap/wire/sequence_set_grammar.ts";

interface CopyArguments {
  readonly set: SequenceSet;
  readonly target: string;
}

function defineCopy(
  name: "COPY" | "MOVE",
  move: boolean,
  capability: readonly string[],
): Command {
  return defineCommand<CopyArguments>({
    name,
    states: SELECTED,
    uid: "also",
    capability,
    // INTEROP: clients send STORE of the same numbers without waiting, though
    // RFC 9051 section 5.5 forbids that; no number may move in between.
    updates: (uid) => uid || move ? "all" : "noExpunge",
    parse(cursor, { utf8 }) {
      cursor.sp();
      const set = parseSequenceSet(cursor);
      cursor.sp();
      const target = parseMailbox(cursor, utf8);
      cursor.end();
      return { set, target };
    },
    async run(session, { set, target }, { uid, tag }) {
      const selected = move ? session.writable : session.selected;
      if (move) requireSelected(selected, "te");
      const { view } = selected;
      const picked = resolveSome(session, set, uid ? "uid" : "seq");
      const info = await session.findTarget(target);
      if (picked.uids.length === 0) return { text: "Nothing to do" };
      const mayChange = flagGuardOf(info.rights);
      const { backend } = session.services;
      const placed = await withProgress(
        session,
        tag,
        backend.copy(view.mailbox, picked.uids, info.id, {
          move,
          ...(mayChange && { mayChange }),
        }),
      );
      session.noteOwn(placed);
      if (info.id === view.mailbox) await view.refresh();
      // RFC 9051 section 6.4.7: nothing is told of what one may not read.
      const code = hasRights(info.rights, "r") ? copyUid(placed) : undefined;
      if (!move) return { text: "Copied", ...(code && { code }) };
      // RFC 6851 section 4.3: before the EXPUNGE responses.
      if (code !== undefined) session.out.line(`* OK [${code}] Moved`);
      view.applyExpunged(placed.sourceUids.slice().sort());
      if (!session.condstore) return { text: "Moved" };
      // RFC 7162 section 3.2.7 says it of EXPUNGE, RFC 6851 section 4.4 here.
      return { text: "Moved", code: await highestModSeq(selected) };
    },
  });
}

const KEEP = false;
const TAKE = true;

export const copy = defineCopy("COPY", KEEP, []);
export const move = defineCopy("MOVE", TAKE, ["MOVE"]);

/** RFC 4315 section 3. */
function copyUid(placed: PlacedMessages): string | undefined {
  if (placed.uids.length === 0) return undefined;
  const from = formatSet(placed.sourceUids);
  const to = formatSet(placed.uids);
  return `COPYUID ${placed.uidValidity} ${from} ${to}`;
}

/** EXPUNGE and UID EXPUNGE. RFC 9051 section 6.4.3 and 6.4.9 (RFC 4315). */
import type { Uid } from "#src/imap/backend.ts";
import { defineCommand, SELECTED } from "#src/imap/command.ts";
import { DELETED_BIT, hasBit } from "#src/imap/flags.ts";
import { requireSelected } from "#src/imap/mailbox_access.ts";
import { withProgress } from "#src/imap/progress.ts";
import { resolveSet } from "#src/imap/resolve_set.ts";
import type { SelectedMailbox } from "#src/imap/selected_mailbox.ts";
import { parseSequenceSet } from "#src/imap/wire/sequence_set_grammar.ts";
import { noArguments } from "./no_arguments.ts";

export const expunge = defineCommand({
  name: "EXPUNGE",
  states: SELECTED,
  uid: "also",
  numbered: false,
  parse(cursor, { uid }) {
    if (!uid) {
      noArguments(cursor);
      return undefined;
    }
    cursor.sp();
    const set = parseSequenceSet(cursor);
    cursor.end();
    return set;
  },
  async run(session, set, { tag }) {
    const selected = session.writable;
    requireSelected(selected, "e");
    const { view } = selected;
    // Flags that others have set count too.
    await view.catchUp();
    const candidates = set === undefined
      ? selected.allUids()
      : resolveSet(session, set, "uid").uids;
    const uids = deletedUids(selected, candidates);
    if (uids.length > 0) {
      const { backend } = session.services;
      const work = backend.expunge(view.mailbox, uids);
      view.applyExpunged(await withProgress(session, tag, work));
    }
    return session.condstore
      ? { text: "Expunged", code: await highestModSeq(selected) }
      : { text: "Expunged" };
  },
});

/** RFC 7162 section 3.2.7: the code that says where the mailbox is now. */
export async function highestModSeq(
  selected: SelectedMailbox,
): Promise<string> {
  await selected.view.refresh();
  return `HIGHESTMODSEQ ${selected.view.status.highestModSeq}`;
}

/** Those of the messages that are \Deleted. */
export function deletedUids(
  selected: SelectedMailbox,
  uids: Uint32Array,
): Uint32Array {
  return uids.filter((uid: Uid) => hasBit(selected.flagsOf(uid), DELETED_BIT));
}

/** SELECT and EXAMINE. RFC 9051 section 6.3.2 and 6.3.3, RFC 7162 section 3.1.8. */
import {
  type Command,
  defineCommand,
  type Done,
  LOGGED_IN,
} from "#src/imap/command.ts";
import { hasBit, SEEN_BIT } from "#src/imap/flags.ts";
import { writePermanentFlags } from "#src/imap/flag_responses.ts";
import type { SelectedMailbox } from "#src/imap/selected_mailbox.ts";
import type { Session } from "#src/imap/session.ts";
import type { Cursor } from "#src/imap/wire/cursor.ts";
import { parseMailbox } from "#src/imap/wire/mailbox_name.ts";

const READ_ONLY = true;
const READ_WRITE = false;

interface SelectArguments {
  readonly name: string;
  readonly condstore: boolean;
}

function defineSelect(name: "SELECT" | "EXAMINE", readOnly: boolean): Command {
  return defineCommand<SelectArguments>({
    name,
    states: LOGGED_IN,
    updates: "none",
    parse(cursor, { utf8 }) {
      cursor.sp();
      const mailbox = parseMailbox(cursor, utf8);
      const condstore = cursor.trySp() && parseParameters(cursor);
      cursor.end();
      return { name: mailbox, condstore };
    },
    run: (session, args) => open(session, args, readOnly),
  });
}

export const select = defineSelect("SELECT", READ_WRITE);
export const examine = defineSelect("EXAMINE", READ_ONLY);

/** `(CONDSTORE)`; says whether that was in it. */
function parseParameters(cursor: Cursor): boolean {
  cursor.list(() => {
    if (!cursor.tryWord("CONDSTORE")) cursor.fail("select parameter");
  });
  return true;
}

async function open(
  session: Session,
  { name, condstore }: SelectArguments,
  readOnly: boolean,
): Promise<Done> {
  // RFC 9051 section 6.3.2: the old mailbox is left even if this fails.
  if (session.trySelected !== undefined) {
    session.unselect();
    session.out.line("* OK [CLOSED] Previous mailbox closed");
  }
  const { backend } = session.services;
  const info = await backend.findMailbox(session.account.id, name);
  const selected = await session.select(info, readOnly);
  if (condstore) session.condstore = true;
  describe(session, selected, info.objectId);
  return readOnly
    ? { text: "Selected", code: "READ-ONLY" }
    : { text: "Selected", code: "READ-WRITE" };
}

/** The untagged answers of SELECT. */
function describe(
  session: Session,
  selected: SelectedMailbox,
  objectId: string,
): void {
  const { out } = session;
  const { status } = selected.view;
  writePermanentFlags(out, selected);
  out.line(`* ${selected.exists} EXISTS`);
  out.line(`* ${selected.recentCount} RECENT`);
  const unseen = firstUnseen(selected);
  if (unseen !== undefined) out.line(`* OK [UNSEEN ${unseen}] First unseen`);
  out.line(`* OK [UIDVALIDITY ${status.uidValidity}] Stays`);
  out.line(`* OK [UIDNEXT ${selected.uidBound}] Next`);
  out.line(`* OK [HIGHESTMODSEQ ${status.highestModSeq}] Highest`);
  // RFC 8474 section 4.2.
  out.line(`* OK [MAILBOXID (${objectId})] Stays`);
}

/** RFC 3501 section 7.1: number of the first message without \Seen. */
function firstUnseen(selected: SelectedMailbox): number | undefined {
  const { view } = selected;
  if (view.status.unseen === 0) return undefined;
  for (let i = 0; i < view.count; i++) {
    if (!hasBit(view.flagsAt(i), SEEN_BIT)) return i + 1;
  }
  return undefined;
}

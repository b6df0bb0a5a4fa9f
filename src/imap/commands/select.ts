/**
 * SELECT and EXAMINE. RFC 9051 section 6.3.2 and 6.3.3, RFC 3501 section 6.3.1
 * (RECENT, UNSEEN), RFC 7162 section 3.1.8 and 3.2.5 (QRESYNC).
 */
import type { MailboxInfo } from "#src/imap/backend.ts";
import {
  type Command,
  defineCommand,
  type Done,
  LOGGED_IN,
} from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { hasBit, SEEN_BIT } from "#src/imap/flags.ts";
import { writePermanentFlags } from "#src/imap/flag_responses.ts";
import { writeCounts } from "#src/imap/news_writer.ts";
import { uidRequired } from "#src/imap/resolve_set.ts";
import { resync, type ResyncRequest } from "#src/imap/resync.ts";
import { tellName } from "#src/imap/tell_name.ts";
import type { SelectedMailbox } from "#src/imap/selected_mailbox.ts";
import type { Session } from "#src/imap/session.ts";
import type { Cursor } from "#src/imap/wire/cursor.ts";
import { type GivenName, parseGivenName } from "#src/imap/wire/mailbox_name.ts";
import { parseResync } from "#src/imap/wire/resync_grammar.ts";

const READ_ONLY = true;
const READ_WRITE = false;

interface Parameters {
  condstore: boolean;
  resync: ResyncRequest | undefined;
}

interface SelectArguments {
  readonly mailbox: GivenName;
  readonly parameters: Readonly<Parameters>;
}

function defineSelect(name: "SELECT" | "EXAMINE", readOnly: boolean): Command {
  return defineCommand<SelectArguments>({
    name,
    states: LOGGED_IN,
    updates: "none",
    parse(cursor, { utf8 }) {
      cursor.sp();
      const mailbox = parseGivenName(cursor, utf8);
      const parameters = parseParameters(cursor);
      cursor.end();
      return { mailbox, parameters };
    },
    run: (session, args) => open(session, args, readOnly),
  });
}

export const select = defineSelect("SELECT", READ_WRITE);
export const examine = defineSelect("EXAMINE", READ_ONLY);

/** ` (CONDSTORE)`, ` (QRESYNC (...))`, or nothing. */
function parseParameters(cursor: Cursor): Parameters {
  const parameters: Parameters = { condstore: false, resync: undefined };
  if (!cursor.trySp()) return parameters;
  cursor.list(() => {
    if (cursor.tryWord("CONDSTORE")) parameters.condstore = true;
    else if (cursor.tryWord("QRESYNC")) {
      cursor.sp();
      parameters.resync = parseResync(cursor);
    } else cursor.fail("select parameter");
  });
  return parameters;
}

async function open(
  session: Session,
  { mailbox, parameters }: SelectArguments,
  readOnly: boolean,
): Promise<Done> {
  checkParameters(session, parameters);
  // RFC 9051 section 6.3.2: the old mailbox is left even if this fails.
  if (session.trySelected !== undefined) {
    session.unselect();
    session.out.line("* OK [CLOSED] Previous mailbox closed");
  }
  const { backend } = session.services;
  const info = await backend.findMailbox(session.account.id, mailbox.name);
  if (parameters.condstore) session.useCondstore();
  const selected = await session.select(info, readOnly);
  describe(session, selected, info);
  if (session.rev2) tellName(session, info.name, mailbox.given);
  if (parameters.resync !== undefined) {
    await resync(session, parameters.resync);
  }
  return selected.readOnly
    ? { text: "Selected", code: "READ-ONLY" }
    : { text: "Selected", code: "READ-WRITE" };
}

/** RFC 7162 section 3.2.5, RFC 9586 section 3.4. */
function checkParameters(session: Session, parameters: Parameters): void {
  if (parameters.resync === undefined) return;
  if (!session.qresync) throw new ImapError("BAD", "ENABLE QRESYNC first");
  if (session.uidOnly && parameters.resync.match !== undefined) {
    throw uidRequired();
  }
}

/** The untagged answers of SELECT. */
function describe(
  session: Session,
  selected: SelectedMailbox,
  { objectId }: MailboxInfo,
): void {
  const { out } = session;
  const { status } = selected.view;
  writePermanentFlags(out, selected);
  writeCounts(session);
  const unseen = session.rev2 || session.uidOnly
    ? undefined
    : firstUnseen(selected);
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

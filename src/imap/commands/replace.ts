/**
 * REPLACE and UID REPLACE. RFC 8508. The new message comes and the old one goes
 * in one step of the store: nobody ever sees both, or none.
 */
import { AppendLiterals } from "#src/imap/append_literals.ts";
import { AppendReader, parseMessageHead } from "#src/imap/append_reader.ts";
import type { MailboxId, NewMessage } from "#src/imap/backend.ts";
import { defineCommand, SELECTED } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { requireSelected } from "#src/imap/mailbox_access.ts";
import { allowedFlags, flagGuardOf, hasRights } from "#src/imap/rights.ts";
import { STAR } from "#src/imap/sequence_set.ts";
import type { Session } from "#src/imap/session.ts";
import { parseMailbox } from "#src/imap/wire/mailbox_name.ts";
import { highestModSeq } from "./expunge.ts";

const ASTERISK = 0x2a;
const ONE_MESSAGE = 1;

export const replace = defineCommand({
  name: "REPLACE",
  states: SELECTED,
  uid: "also",
  capability: "REPLACE",
  messageAfter: 2,
  parse(cursor, { utf8 }) {
    cursor.sp();
    const number = cursor.tryByte(ASTERISK) ? STAR : cursor.nzNumber();
    cursor.sp();
    const name = parseMailbox(cursor, utf8);
    cursor.sp();
    const head = parseMessageHead(cursor, { utf8 });
    return { number, name, head, cursor };
  },
  async run(session, { number, name, head, cursor }, { uid, pending }) {
    const { backend } = session.services;
    const literals = new AppendLiterals(session, pending);
    try {
      const old = oldMessage(session, number, uid);
      // RFC 8508 section 3.1: as STORE \Deleted and EXPUNGE.
      requireSelected(session.selected, "te");
      const [limitBytes, target] = await Promise.all([
        backend.appendLimit(session.account.id),
        session.findTarget(name),
      ]);
      const reader = new AppendReader(session, literals, {
        limitBytes,
        cursor,
      });
      const [message] = await reader.readAll(head, ONE_MESSAGE);
      if (message === undefined) throw new TypeError("No message was read");
      const may = flagGuardOf(target.rights);
      const flags = allowedFlags(message.flags, may);
      await place(session, { old, target, message: { ...message, flags } });
      if (!session.condstore) return { text: "Replaced" };
      // RFC 8508 section 4.5: as UID EXPUNGE.
      const code = await highestModSeq(session.selected);
      return { text: "Replaced", code };
    } catch (error) {
      await literals.discard();
      throw error;
    } finally {
      await literals.dispose();
    }
  },
});

/** UID of the message that goes. RFC 8508 section 3.1. */
function oldMessage(session: Session, number: number, uid: boolean): number {
  const picked = session.writable
    .pick([[number, number]], uid ? "uid" : "seq");
  const [old] = picked.uids;
  if (old !== undefined) return old;
  throw new ImapError("NO", "The message is gone", "EXPUNGEISSUED");
}

async function place(
  session: Session,
  { old, target, message }: {
    readonly old: number;
    readonly target: { readonly id: MailboxId; readonly rights?: string };
    readonly message: NewMessage;
  },
): Promise<void> {
  const { backend } = session.services;
  const { view } = session.selected;
  const placed = await backend.replace(
    view.mailbox,
    old,
    target.id,
    message,
  );
  // RFC 8508 section 4.3: before the EXPUNGE, so that no UID is ever unknown.
  // RFC 9051 section 6.3.12: not of what one may not read.
  if (hasRights(target.rights, "r")) {
    session.out.line(
      `* OK [APPENDUID ${placed.uidValidity} ${placed.uids[0]}] Stored`,
    );
  }
  session.noteOwn(placed);
  view.applyExpunged(placed.sourceUids);
  await view.refresh();
}

/**
 * APPEND. RFC 9051 section 6.3.12, RFC 3502 (MULTIAPPEND), RFC 4315
 * (APPENDUID), RFC 7889 (APPENDLIMIT), RFC 4469 (CATENATE).
 *
 * The head is parsed before a literal is read, so that what can not be stored
 * is refused before it is sent. All messages become visible together.
 */
import type { MailboxId, NewMessage } from "#src/imap/backend.ts";
import { AppendLiterals } from "#src/imap/append_literals.ts";
import { AppendReader, parseMessageHead } from "#src/imap/append_reader.ts";
import { defineCommand, type Done, LOGGED_IN } from "#src/imap/command.ts";
import { allowedFlags, flagGuardOf, hasRights } from "#src/imap/rights.ts";
import { checkRoom } from "#src/imap/quota_room.ts";
import { formatSet } from "#src/imap/sequence_set.ts";
import type { Session } from "#src/imap/session.ts";
import { parseMailbox } from "#src/imap/wire/mailbox_name.ts";

export const append = defineCommand({
  name: "APPEND",
  states: LOGGED_IN,
  extensions: ["CATENATE", "URL-PARTIAL"],
  messageAfter: 1,
  parse(cursor, { utf8 }) {
    cursor.sp();
    const name = parseMailbox(cursor, utf8);
    cursor.sp();
    return { name, head: parseMessageHead(cursor, { utf8 }), cursor };
  },
  async run(session, { name, head, cursor }, { pending }) {
    const { backend } = session.services;
    const literals = new AppendLiterals(session, pending);
    try {
      const [limitBytes, target] = await Promise.all([
        backend.appendLimit(session.account.id),
        session.findTarget(name),
      ]);
      await checkRoom(session, target, pending?.size ?? 0);
      const reader = new AppendReader(session, literals, {
        limitBytes,
        cursor,
      });
      const may = flagGuardOf(target.rights);
      const messages = (await reader.readAll(head)).map((message) => ({
        ...message,
        flags: allowedFlags(message.flags, may),
      }));
      return await place(session, target, messages);
    } catch (error) {
      await literals.discard();
      throw error;
    } finally {
      await literals.dispose();
    }
  },
});

async function place(
  session: Session,
  { id, rights }: { readonly id: MailboxId; readonly rights?: string },
  messages: readonly NewMessage[],
): Promise<Done> {
  const { backend } = session.services;
  const placed = await backend.append(id, messages);
  session.noteOwn(placed);
  const view = session.trySelected?.view;
  // RFC 9051 section 6.3.12: the client is told of the new message at once.
  if (view?.mailbox === id) await view.refresh();
  // The same section: nothing is told of what one may not read.
  if (!hasRights(rights, "r")) return { text: "Appended" };
  return {
    text: "Appended",
    code: `APPENDUID ${placed.uidValidity} ${formatSet(placed.uids)}`,
  };
}

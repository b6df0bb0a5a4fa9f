/** DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE. RFC 9051 section 6.3.5 to 6.3.8. */
import { type Command, defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import {
  DELIMITER,
  newMailboxName,
  parseGivenName,
  parseMailbox,
} from "#src/imap/wire/mailbox_name.ts";
import { StorageError } from "#src/errors/errors.ts";
import { ImapError } from "#src/imap/errors.ts";
import type { Session } from "#src/imap/session.ts";
import { tellName } from "#src/imap/tell_name.ts";

export const deleteMailbox = defineCommand({
  name: "DELETE",
  states: LOGGED_IN,
  parse(cursor, { utf8 }) {
    cursor.sp();
    const name = parseMailbox(cursor, utf8);
    cursor.end();
    return name;
  },
  async run(session, name) {
    const { backend } = session.services;
    const id = await idOf(session, name);
    await backend.deleteMailbox(session.account.id, name);
    session.notifier?.noteOwn(name);
    // By its id: the selected mailbox may have got another name since.
    if (id !== undefined && session.trySelected?.view.mailbox === id) {
      session.unselect();
      session.out.line("* OK [CLOSED] The mailbox is gone");
    }
    return { text: "Deleted" };
  },
});

/** RFC 9051 section 6.3.5: what is but the parent of others stays. */
async function idOf(
  session: Session,
  name: string,
): Promise<number | undefined> {
  const { services: { backend }, account } = session;
  try {
    return (await backend.findMailbox(account.id, name)).id;
  } catch (error) {
    if (!(error instanceof StorageError) || error.kind !== "notFound") {
      throw error;
    }
    const all = await backend.listMailboxes(account.id);
    if (!all.some((one) => one.name.startsWith(`${name}${DELIMITER}`))) {
      throw error;
    }
    throw new ImapError("NO", "There are mailboxes below it", "HASCHILDREN");
  }
}

export const rename = defineCommand({
  name: "RENAME",
  states: LOGGED_IN,
  parse(cursor, { utf8 }) {
    cursor.sp();
    const from = parseMailbox(cursor, utf8);
    cursor.sp();
    const to = parseGivenName(cursor, utf8);
    cursor.end();
    return { from, to };
  },
  async run(session, { from, to }) {
    const name = newMailboxName(to.name);
    if (name.startsWith(`${from}${DELIMITER}`) && from !== "INBOX") {
      throw new ImapError("NO", "A mailbox can not be its own child", "CANNOT");
    }
    const { backend } = session.services;
    await backend.renameMailbox(session.account.id, from, name);
    session.notifier?.noteOwn(from, name);
    if (session.rev2) {
      // INBOX keeps its name and gives its messages away.
      tellName(session, name, from === "INBOX" ? name : from);
      if (to.given !== to.name) tellName(session, name, to.given);
    }
    return { text: "Renamed" };
  },
});

function defineSubscribe(name: string, subscribed: boolean): Command {
  return defineCommand({
    name,
    states: LOGGED_IN,
    parse(cursor, { utf8 }) {
      cursor.sp();
      const mailbox = parseMailbox(cursor, utf8);
      cursor.end();
      return mailbox;
    },
    async run(session, mailbox) {
      const { backend } = session.services;
      const { id } = session.account;
      // Names without a mailbox can be left, and joined only if they can be.
      const target = subscribed ? newMailboxName(mailbox) : mailbox;
      await backend.setSubscribed(id, target, subscribed);
      session.notifier?.noteOwn(target);
      return { text: subscribed ? "Subscribed" : "Unsubscribed" };
    },
  });
}

const JOIN = true;
const LEAVE = false;

export const subscribe = defineSubscribe("SUBSCRIBE", JOIN);
export const unsubscribe = defineSubscribe("UNSUBSCRIBE", LEAVE);

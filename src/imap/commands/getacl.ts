/** GETACL. RFC 4314 section 3.3 and 3.6. */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { formatRights, NEW_RIGHTS } from "#src/imap/rights.ts";
import { parseMailbox } from "#src/imap/wire/mailbox_name.ts";

export const getacl = defineCommand({
  name: "GETACL",
  states: LOGGED_IN,
  capability: "ACL",
  extensions: [`RIGHTS=${NEW_RIGHTS}`],
  power: "acl",
  parse(cursor, { utf8 }) {
    cursor.sp();
    const mailbox = parseMailbox(cursor, utf8);
    cursor.end();
    return mailbox;
  },
  async run(session, mailbox) {
    const { acl } = session.services.backend.powers ?? {};
    const account = session.account.id;
    const entries = await acl?.entries({ account, mailbox }) ?? [];
    const { out } = session;
    out.text("* ACL ").mailbox(mailbox);
    for (const { identifier, rights } of entries) {
      out.text(" ").textString(identifier).text(` ${formatRights(rights)}`);
    }
    out.crlf();
    return { text: "That is all" };
  },
});

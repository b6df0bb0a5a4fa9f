/** LISTRIGHTS. RFC 4314 section 3.4 and 3.7. */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { ALL_RIGHTS, formatRights, withoutRights } from "#src/imap/rights.ts";
import { parseIdentifier } from "#src/imap/wire/acl_grammar.ts";
import { parseMailbox } from "#src/imap/wire/mailbox_name.ts";

export const listrights = defineCommand({
  name: "LISTRIGHTS",
  states: LOGGED_IN,
  capability: "ACL",
  power: "acl",
  parse(cursor, { utf8 }) {
    cursor.sp();
    const mailbox = parseMailbox(cursor, utf8);
    cursor.sp();
    const identifier = parseIdentifier(cursor);
    cursor.end();
    return { mailbox, identifier };
  },
  async run(session, { mailbox, identifier }) {
    const { acl } = session.services.backend.powers ?? {};
    const account = session.account.id;
    const grantable = await acl?.grantable({ account, mailbox, identifier }) ??
      "";
    const always = withoutRights(ALL_RIGHTS, grantable);
    const { out } = session;
    out.text("* LISTRIGHTS ").mailbox(mailbox).text(" ");
    out.textString(identifier).text(" ").textString(formatRights(always));
    // Each by itself: none is tied to another.
    for (const right of formatRights(grantable)) out.text(` ${right}`);
    out.crlf();
    return { text: "That is all" };
  },
});

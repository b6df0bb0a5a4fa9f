/** GETQUOTA and GETQUOTAROOT. RFC 9208 section 4.1.1 and 4.1.2. */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { parseRootName, writeQuota } from "#src/imap/quota_response.ts";
import { parseMailbox } from "#src/imap/wire/mailbox_name.ts";

/** RFC 9208 section 3.1.1. */
const RESOURCES = ["QUOTA=RES-STORAGE", "QUOTA=RES-MESSAGE"];

export const getquota = defineCommand({
  name: "GETQUOTA",
  states: LOGGED_IN,
  capability: "QUOTA",
  extensions: RESOURCES,
  power: "quota",
  parse(cursor) {
    cursor.sp();
    const name = parseRootName(cursor);
    cursor.end();
    return name;
  },
  async run(session, name) {
    const { quota } = session.services.backend.powers ?? {};
    const root = await quota?.root({
      account: session.account.id,
      name,
      isAdministrator: session.isAdministrator,
    });
    if (root !== undefined) writeQuota(session, root);
    return { text: "That is all" };
  },
});

export const getquotaroot = defineCommand({
  name: "GETQUOTAROOT",
  states: LOGGED_IN,
  capability: "QUOTA",
  extensions: RESOURCES,
  power: "quota",
  parse(cursor, { utf8 }) {
    cursor.sp();
    const mailbox = parseMailbox(cursor, utf8);
    cursor.end();
    return mailbox;
  },
  async run(session, mailbox) {
    const { quota } = session.services.backend.powers ?? {};
    const account = session.account.id;
    const roots = await quota?.rootsOf({ account, mailbox }) ?? [];
    const { out } = session;
    out.text("* QUOTAROOT ").mailbox(mailbox);
    for (const { name } of roots) out.text(" ").textString(name);
    out.crlf();
    for (const root of roots) writeQuota(session, root);
    return { text: "That is all" };
  },
});

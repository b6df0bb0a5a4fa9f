/** MYRIGHTS. RFC 4314 section 3.5 and 3.8. */
import type { MailboxInfo } from "#src/imap/backend.ts";
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import {
  ALL_RIGHTS,
  formatRights,
  hasRights,
  lackingRights,
} from "#src/imap/rights.ts";
import type { Session } from "#src/imap/session.ts";
import { parseMailbox } from "#src/imap/wire/mailbox_name.ts";

/** One of them has to be there. RFC 4314 section 4. */
const TELLING_RIGHTS = "lrikxa";

export const myrights = defineCommand({
  name: "MYRIGHTS",
  states: LOGGED_IN,
  capability: "ACL",
  power: "acl",
  parse(cursor, { utf8 }) {
    cursor.sp();
    const mailbox = parseMailbox(cursor, utf8);
    cursor.end();
    return mailbox;
  },
  async run(session, mailbox) {
    const { backend } = session.services;
    const info = await backend.findMailbox(session.account.id, mailbox);
    const { rights } = info;
    const isTold = [...TELLING_RIGHTS]
      .some((right) => hasRights(rights, right));
    if (!isTold) throw lackingRights(rights ?? "");
    writeRights(session, info);
    return { text: "That is all" };
  },
});

/** One MYRIGHTS line; LIST-MYRIGHTS (RFC 8440) writes it too. */
export function writeRights(
  { out }: Session,
  { name, rights }: Pick<MailboxInfo, "name" | "rights">,
): void {
  out.text("* MYRIGHTS ").mailbox(name);
  out.line(` ${formatRights(rights ?? ALL_RIGHTS)}`);
}

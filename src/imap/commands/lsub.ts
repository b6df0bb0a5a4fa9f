/** LSUB. RFC 3501 section 6.3.9. */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { matchesPattern } from "#src/imap/list_pattern.ts";
import { treeOf } from "#src/imap/mailbox_tree.ts";
import {
  DELIMITER,
  parseMailbox,
  parseMailboxPattern,
} from "#src/imap/wire/mailbox_name.ts";

export const lsub = defineCommand({
  name: "LSUB",
  states: LOGGED_IN,
  parse(cursor, { utf8 }) {
    cursor.sp();
    const reference = parseMailbox(cursor, utf8);
    cursor.sp();
    const pattern = parseMailboxPattern(cursor, utf8);
    cursor.end();
    return { reference, pattern };
  },
  async run(session, { reference, pattern }) {
    const { backend } = session.services;
    const { out } = session;
    if (pattern === "") {
      out.line(`* LSUB (\\Noselect) "${DELIMITER}" ""`);
      return { text: "That is all" };
    }
    const full = reference + pattern;
    const tree = treeOf(await backend.listMailboxes(session.account.id));
    for (const listed of tree) {
      if (!matchesPattern(listed.name, full)) continue;
      // With "%" a parent stands for its subscribed children.
      const isStandIn = !listed.subscribed && listed.hasSubscribedChild &&
        pattern.includes("%");
      if (!listed.subscribed && !isStandIn) continue;
      const attributes = isStandIn || !listed.exists ? "\\Noselect" : "";
      out.text(`* LSUB (${attributes}) "${DELIMITER}" `).mailbox(listed.name)
        .crlf();
      await out.relieve();
    }
    return { text: "That is all" };
  },
});

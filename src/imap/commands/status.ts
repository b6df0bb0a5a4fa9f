/** STATUS. RFC 9051 section 6.3.11, RFC 7162, RFC 8438, RFC 7889. */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { StorageError } from "#src/errors/errors.ts";
import { allowedMailbox } from "#src/imap/mailbox_access.ts";
import { parseStatusItems, writeStatus } from "#src/imap/status_items.ts";
import { parseMailbox } from "#src/imap/wire/mailbox_name.ts";

export const status = defineCommand({
  name: "STATUS",
  states: LOGGED_IN,
  capability: [],
  parse(cursor, { utf8 }) {
    cursor.sp();
    const name = parseMailbox(cursor, utf8);
    cursor.sp();
    const items = parseStatusItems(cursor);
    cursor.end();
    return { name, items };
  },
  async run(session, { name, items }) {
    const info = await allowedMailbox(session, name, "r");
    const { status, objectId } = info;
    if (status === undefined) {
      throw new StorageError("notFound", "The name is not a mailbox");
    }
    if (items.includes("HIGHESTMODSEQ")) session.useCondstore();
    await writeStatus(session, { name: info.name, status, objectId }, items);
    return { text: "That is all" };
  },
});

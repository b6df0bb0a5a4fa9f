/** NOTIFY. RFC 5465. */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { Notifier } from "#src/imap/notifier.ts";
import { parseNotify } from "#src/imap/wire/notify_grammar.ts";

export const notify = defineCommand({
  name: "NOTIFY",
  states: LOGGED_IN,
  capability: "NOTIFY",
  updates: "none",
  parse(cursor, { utf8 }) {
    cursor.sp();
    const args = parseNotify(cursor, utf8);
    cursor.end();
    return args;
  },
  async run(session, { request, status }) {
    const notifier = await Notifier.begin(session, request);
    // RFC 5465 section 3.1: it implies a NOOP.
    await session.tellNews({ expunge: true, poll: true, always: true });
    session.useNotifier(notifier);
    if (status) await notifier.tellAll();
    return { text: "Understood" };
  },
});

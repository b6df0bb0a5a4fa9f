/** NOTIFY. RFC 5465. */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { isSwitchedOff } from "#src/imap/capability.ts";
import { ImapError } from "#src/imap/errors.ts";
import { Notifier } from "#src/imap/notifier.ts";
import {
  METADATA_EVENTS,
  NOTIFY_EVENTS,
  type NotifyEvent,
  wantsAnywhere,
} from "#src/imap/notify_request.ts";
import type { Session } from "#src/imap/session.ts";
import { parseNotify } from "#src/imap/wire/notify_grammar.ts";
import { getmetadata } from "./getmetadata.ts";

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
  async run(session, { request, status, hasUnknown }) {
    const offered = eventsOffered(session);
    const isOffered = NOTIFY_EVENTS.every((event) =>
      offered.includes(event) || !wantsAnywhere(request, event)
    );
    if (hasUnknown || !isOffered) {
      throw new ImapError(
        "NO",
        "There is no such event here",
        `BADEVENT (${offered.join(" ")})`,
      );
    }
    const notifier = await Notifier.begin(session, request);
    // RFC 5465 section 3.1: it implies a NOOP.
    await session.tellNews({ expunge: true, poll: true, always: true });
    session.useNotifier(notifier);
    await notifier.tellNoAccess();
    if (status) await notifier.tellAll();
    return { text: "Understood" };
  },
});

/** RFC 5465 section 5.6 and 5.7: those of METADATA where that is. */
function eventsOffered(session: Session): readonly NotifyEvent[] {
  const hasMetadata = !isSwitchedOff(session, getmetadata);
  return NOTIFY_EVENTS.filter((event) =>
    hasMetadata || !METADATA_EVENTS.has(event)
  );
}

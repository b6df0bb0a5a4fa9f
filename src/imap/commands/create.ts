/** CREATE. RFC 9051 section 6.3.4, RFC 6154 section 3. */
import { SPECIAL_USES, type SpecialUse } from "#src/imap/backend.ts";
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { lowerAscii } from "#src/imap/wire/ascii.ts";
import type { Cursor } from "#src/imap/wire/cursor.ts";
import { OTHER_USERS } from "#src/imap/rights.ts";
import {
  DELIMITER,
  newMailboxName,
  parseGivenName,
} from "#src/imap/wire/mailbox_name.ts";
import { tellName } from "#src/imap/tell_name.ts";

const BACKSLASH = 0x5c;

export const create = defineCommand({
  name: "CREATE",
  states: LOGGED_IN,
  parse(cursor, { utf8 }) {
    cursor.sp();
    const { name, given } = parseGivenName(cursor, utf8);
    const uses = cursor.trySp() ? parseUses(cursor) : [];
    cursor.end();
    return { name, given, uses };
  },
  async run(session, { name, given, uses }) {
    const [use, more] = uses;
    if (more !== undefined || use === "unknown") {
      throw new ImapError("NO", "That use can not be given", "USEATTR");
    }
    if (use !== undefined && name.startsWith(`${OTHER_USERS}${DELIMITER}`)) {
      // RFC 6154 section 2: a use is the owner's.
      throw new ImapError("NO", "A use can not be given there", "USEATTR");
    }
    const { backend } = session.services;
    const info = await backend.createMailbox(
      session.account.id,
      newMailboxName(name),
      use,
    );
    session.notifier?.noteOwn(info.name);
    if (session.rev2 && given !== name) tellName(session, info.name, given);
    // RFC 8474 section 4.1.
    return { text: "Created", code: `MAILBOXID (${info.objectId})` };
  },
});

function parseUses(cursor: Cursor): (SpecialUse | "unknown")[] {
  const uses: (SpecialUse | "unknown")[] = [];
  cursor.list(() => {
    if (!cursor.tryWord("USE")) cursor.fail("create parameter");
    cursor.sp();
    cursor.listOrEmpty(() => {
      cursor.byte(BACKSLASH);
      const name = `\\${lowerAscii(cursor.atom())}`;
      const known = SPECIAL_USES.find((use) => lowerAscii(use) === name);
      uses.push(known ?? "unknown");
    });
  });
  return uses;
}

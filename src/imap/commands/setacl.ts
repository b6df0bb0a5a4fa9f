/** SETACL and DELETEACL. RFC 4314 section 3.1 and 3.2. */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import type { AclPower } from "#src/imap/powers.ts";
import { parseRights } from "#src/imap/rights.ts";
import { parseIdentifier } from "#src/imap/wire/acl_grammar.ts";
import { asciiText } from "#src/imap/wire/ascii.ts";
import type { Cursor } from "#src/imap/wire/cursor.ts";
import { parseMailbox } from "#src/imap/wire/mailbox_name.ts";

/** A change of one entry. */
type Change = Omit<Parameters<AclPower["change"]>[0], "account">;

export const setacl = defineCommand<Change>({
  name: "SETACL",
  states: LOGGED_IN,
  capability: "ACL",
  power: "acl",
  parse(cursor, { utf8 }) {
    cursor.sp();
    const mailbox = parseMailbox(cursor, utf8);
    cursor.sp();
    const identifier = parseIdentifier(cursor);
    cursor.sp();
    const modification = parseModification(cursor);
    cursor.end();
    return { mailbox, identifier, ...modification };
  },
  async run(session, change) {
    const { acl } = session.services.backend.powers ?? {};
    await acl?.change({ account: session.account.id, ...change });
    return { text: "Set" };
  },
});

export const deleteacl = defineCommand({
  name: "DELETEACL",
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
    const mode = "replace";
    await acl?.change({ account, mailbox, identifier, mode, rights: "" });
    return { text: "Deleted" };
  },
});

/** `+lr`, `-x` or `lrs`. */
function parseModification(cursor: Cursor): Pick<Change, "mode" | "rights"> {
  const text = asciiText(cursor.astring());
  const sign = text[0];
  const mode = sign === "+" ? "add" : sign === "-" ? "remove" : "replace";
  const rights = parseRights(mode === "replace" ? text : text.slice(1));
  if (rights !== undefined) return { mode, rights };
  // Section 3.1: a right that is none is never passed over.
  throw new ImapError("BAD", "There is no such right");
}

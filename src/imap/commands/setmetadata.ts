/** SETMETADATA. RFC 5464 section 4.3. */
import { StorageError } from "#src/errors/errors.ts";
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { parseEntryName } from "#src/imap/metadata_entries.ts";
import {
  MAX_METADATA_BYTES,
  MAX_METADATA_NAMES,
} from "#src/imap/metadata_limits.ts";
import type { MetadataEntry } from "#src/imap/powers.ts";
import type { Cursor } from "#src/imap/wire/cursor.ts";
import { parseMailbox } from "#src/imap/wire/mailbox_name.ts";

interface SetMetadata {
  readonly mailbox: string | undefined;
  readonly entries: readonly MetadataEntry[];
}

export const setmetadata = defineCommand<SetMetadata>({
  name: "SETMETADATA",
  states: LOGGED_IN,
  capability: ["METADATA", "METADATA-SERVER"],
  power: "metadata",
  parse(cursor, { utf8 }) {
    cursor.sp();
    const mailbox = parseMailbox(cursor, utf8);
    cursor.sp();
    const entries = parseEntries(cursor);
    cursor.end();
    return { mailbox: mailbox === "" ? undefined : mailbox, entries };
  },
  async run(session, { mailbox, entries }) {
    const { metadata } = session.services.backend.powers ?? {};
    if (entries.some(({ value }) => isTooLong(value))) {
      throw new ImapError(
        "NO",
        "A value is too long",
        `METADATA MAXSIZE ${MAX_METADATA_BYTES}`,
      );
    }
    try {
      await metadata?.set({
        account: session.account.id,
        mailbox,
        isAdministrator: session.isAdministrator,
        entries,
        ...session.notifier !== undefined && { by: session.notifier.id },
      });
    } catch (error) {
      const isFull = error instanceof StorageError && error.kind === "limit";
      if (!isFull) throw error;
      throw new ImapError("NO", "There are too many", "METADATA TOOMANY");
    }
    return { text: "Set" };
  },
});

/** `(/private/comment "text" /shared/comment NIL)`. */
function parseEntries(cursor: Cursor): MetadataEntry[] {
  const entries: MetadataEntry[] = [];
  cursor.list(() => {
    if (entries.length >= MAX_METADATA_NAMES) cursor.fail("fewer entries");
    const { name } = parseEntryName(cursor);
    // `/private` and `/shared` alone are where names begin.
    if (name.lastIndexOf("/") === 0) cursor.fail("name of an entry");
    cursor.sp();
    const value = cursor.nstring();
    // The bytes of the command are not ours to keep.
    entries.push({ name, value: value?.slice() });
  });
  return entries;
}

function isTooLong(value: Uint8Array | undefined): boolean {
  return value !== undefined && value.length > MAX_METADATA_BYTES;
}

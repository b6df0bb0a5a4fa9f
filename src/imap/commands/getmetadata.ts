/** GETMETADATA. RFC 5464 section 4.2. */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import {
  type MetadataOptions,
  type MetadataRequest,
  parseEntryNames,
  parseMetadataOptions,
  writeMetadata,
} from "#src/imap/metadata_entries.ts";
import type { Cursor } from "#src/imap/wire/cursor.ts";
import { parseMailbox } from "#src/imap/wire/mailbox_name.ts";

const EVERYTHING: MetadataOptions = { maxBytes: Infinity, depth: 0 };

export const getmetadata = defineCommand<MetadataRequest>({
  name: "GETMETADATA",
  states: LOGGED_IN,
  capability: ["METADATA", "METADATA-SERVER"],
  power: "metadata",
  parse(cursor, { utf8 }) {
    cursor.sp();
    let options = tryOptions(cursor);
    const mailbox = parseMailbox(cursor, utf8);
    cursor.sp();
    // INTEROP: RFC 5464 has them before the mailbox in its grammar, and behind
    // it in its examples; clients follow either.
    options ??= tryOptions(cursor);
    const names = parseEntryNames(cursor);
    cursor.end();
    return {
      mailbox: mailbox === "" ? undefined : mailbox,
      names,
      options: options ?? EVERYTHING,
    };
  },
  async run(session, request) {
    const longest = await writeMetadata(session, request);
    return longest === 0
      ? { text: "That is all" }
      : { text: "Some are longer", code: `METADATA LONGENTRIES ${longest}` };
  },
});

/** Options begin with a letter, names with a slash or as a string. */
function tryOptions(cursor: Cursor): MetadataOptions | undefined {
  const first = String.fromCharCode(cursor.peek(1) ?? 0);
  if (!cursor.atList || !/[a-z]/i.test(first)) return undefined;
  const options = parseMetadataOptions(cursor);
  cursor.sp();
  return options;
}

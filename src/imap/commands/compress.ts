/** COMPRESS=DEFLATE. RFC 4978. */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";

export const compress = defineCommand({
  name: "COMPRESS",
  states: LOGGED_IN,
  capability: "COMPRESS=DEFLATE",
  updates: "none",
  parse(cursor) {
    cursor.sp();
    const mechanism = cursor.word("mechanism");
    cursor.end();
    return mechanism;
  },
  async run(session, mechanism, { tag }) {
    if (mechanism !== "DEFLATE") {
      throw new ImapError("NO", "That compression is not offered", "CANNOT");
    }
    if (session.isCompressed) {
      throw new ImapError(
        "NO",
        "The connection is compressed already",
        "COMPRESSIONACTIVE",
      );
    }
    // RFC 4978 section 3: nothing may be sent before the answer has come.
    if (session.reader.hasBuffered) {
      throw new ImapError("BAD", "Bytes followed COMPRESS");
    }
    await session.out.line(`${tag} OK Compressed from here on`).flush();
    session.compress();
    return undefined;
  },
});

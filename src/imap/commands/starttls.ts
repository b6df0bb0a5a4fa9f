/** STARTTLS. RFC 9051 section 6.2.1. */
import { defineCommand } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { noArguments } from "./no_arguments.ts";

export const starttls = defineCommand({
  name: "STARTTLS",
  states: ["notAuthenticated"],
  updates: "none",
  parse: noArguments,
  async run(session, _args, { tag }) {
    const { tls } = session.services;
    if (session.connection.tls !== undefined) {
      throw new ImapError("BAD", "TLS is in use already");
    }
    if (tls === undefined) throw new ImapError("BAD", "There is no TLS here");
    // Commands sent in the clear must not run as if they came over TLS.
    if (session.reader.hasBuffered) {
      throw new ImapError("BYE", "Bytes followed STARTTLS");
    }
    const context = await tls.context(undefined);
    if (context === undefined) {
      throw new ImapError("NO", "There is no certificate", "UNAVAILABLE");
    }
    await session.out.line(`${tag} OK Begin TLS now`).flush();
    await session.connection.startTls(tls, context);
    return undefined;
  },
});

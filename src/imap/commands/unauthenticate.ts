/** UNAUTHENTICATE. RFC 8437. It is never refused with NO. */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { noArguments } from "./no_arguments.ts";

export const unauthenticate = defineCommand({
  name: "UNAUTHENTICATE",
  states: LOGGED_IN,
  capability: "UNAUTHENTICATE",
  updates: "none",
  parse: noArguments,
  async run(session, _args, { tag }) {
    session.log.info("logged out, and stays");
    session.out.line(`${tag} OK Nobody is logged in`);
    // The answer is the last thing that is compressed.
    if (session.isCompressed) await session.out.flush();
    if (!session.unauthenticate()) {
      throw new ImapError("BYE", "What followed can not be told apart");
    }
    return undefined;
  },
});

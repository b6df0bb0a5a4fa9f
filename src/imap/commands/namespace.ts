/** NAMESPACE. RFC 2342. One personal namespace, nothing shared yet. */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { DELIMITER } from "#src/imap/wire/mailbox_name.ts";
import { noArguments } from "./no_arguments.ts";

export const namespace = defineCommand({
  name: "NAMESPACE",
  states: LOGGED_IN,
  capability: "NAMESPACE",
  parse: noArguments,
  run(session) {
    session.out.line(`* NAMESPACE (("" "${DELIMITER}")) NIL NIL`);
    return Promise.resolve({ text: "That is all" });
  },
});

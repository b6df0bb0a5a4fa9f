/** NAMESPACE. RFC 2342. One's own, and what other users share. */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { OTHER_USERS } from "#src/imap/rights.ts";
import { DELIMITER } from "#src/imap/wire/mailbox_name.ts";
import { noArguments } from "./no_arguments.ts";

export const namespace = defineCommand({
  name: "NAMESPACE",
  states: LOGGED_IN,
  capability: "NAMESPACE",
  parse: noArguments,
  run(session) {
    const { acl } = session.services.backend.powers ?? {};
    const others = acl === undefined
      ? "NIL"
      : `(("${OTHER_USERS}${DELIMITER}" "${DELIMITER}"))`;
    session.out.line(`* NAMESPACE (("" "${DELIMITER}")) ${others} NIL`);
    return Promise.resolve({ text: "That is all" });
  },
});

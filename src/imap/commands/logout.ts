/** LOGOUT. RFC 9051 section 6.1.3. */
import { ANY_STATE, defineCommand } from "#src/imap/command.ts";
import { noArguments } from "./no_arguments.ts";

export const logout = defineCommand({
  name: "LOGOUT",
  states: ANY_STATE,
  updates: "none",
  parse: noArguments,
  run(session) {
    session.out.line("* BYE Logging out");
    session.isEnding = true;
    return Promise.resolve({ text: "Goodbye" });
  },
});

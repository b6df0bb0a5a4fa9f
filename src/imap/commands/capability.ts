/** CAPABILITY. RFC 9051 section 6.1.1. */
import { capabilitiesOf } from "#src/imap/capability.ts";
import { ANY_STATE, defineCommand } from "#src/imap/command.ts";
import { noArguments } from "./no_arguments.ts";

export const capability = defineCommand({
  name: "CAPABILITY",
  states: ANY_STATE,
  parse: noArguments,
  async run(session) {
    const words = await capabilitiesOf(session);
    session.out.line(`* CAPABILITY ${words.join(" ")}`);
    return { text: "That is all" };
  },
});

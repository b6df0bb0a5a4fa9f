/** IDLE. RFC 9051 section 6.3.13 (RFC 2177). */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { tellWhile } from "#src/imap/tell_while.ts";
import { asciiText, upperAscii } from "#src/imap/wire/ascii.ts";
import { ConnectionClosed } from "#src/net/connection_errors.ts";
import { noArguments } from "./no_arguments.ts";

export const idle = defineCommand({
  name: "IDLE",
  states: LOGGED_IN,
  capability: "IDLE",
  parse: noArguments,
  async run(session) {
    session.out.line("+ Idling");
    const { idleTimeoutMs } = session.services.settings;
    const reading = session.reader.line(idleTimeoutMs);
    const line = await tellWhile(session, reading, { isIdle: true });
    if (session.isDraining) return { text: "Idle ended" };
    if (line === undefined) throw new ConnectionClosed("The client is gone");
    if (upperAscii(asciiText(line)) !== "DONE") {
      throw new ImapError("BAD", "Expected DONE");
    }
    return { text: "Idle ended" };
  },
});

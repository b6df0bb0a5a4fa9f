/** ENABLE. RFC 5161, RFC 9051 section 6.3.1. */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import type { Session } from "#src/imap/session.ts";
import { upperAscii } from "#src/imap/wire/ascii.ts";

/** What ENABLE can switch on, and how. */
const SWITCHES: ReadonlyMap<string, (session: Session) => void> = new Map([
  ["CONDSTORE", (session: Session): void => {
    session.condstore = true;
  }],
]);

export const enable = defineCommand({
  name: "ENABLE",
  states: LOGGED_IN,
  capability: "ENABLE",
  parse(cursor) {
    const words: string[] = [];
    cursor.sp();
    do words.push(upperAscii(cursor.atom())); while (cursor.trySp());
    cursor.end();
    return words;
  },
  run(session, words) {
    const { hiddenCapabilities } = session.services.settings;
    const enabled: string[] = [];
    for (const word of words) {
      const turnOn = SWITCHES.get(word);
      if (turnOn === undefined || hiddenCapabilities.has(word)) continue;
      if (session.enabled.has(word)) continue;
      turnOn(session);
      session.enabled.add(word);
      enabled.push(word);
    }
    session.out.line(["* ENABLED", ...enabled].join(" "));
    return Promise.resolve({ text: "Enabled" });
  },
});

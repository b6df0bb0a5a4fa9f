/**
 * ENABLE. RFC 5161, RFC 9051 section 6.3.1, RFC 6855 section 3 and RFC 9755
 * (UTF8=ACCEPT), RFC 7162 section 3.2.3 (QRESYNC), RFC 9586 (UIDONLY).
 */
import { isHidden } from "#src/imap/capability.ts";
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import type { Session } from "#src/imap/session.ts";
import { upperAscii } from "#src/imap/wire/ascii.ts";

/** One word that ENABLE takes. */
interface Switch {
  /** As it is spelled. */
  readonly word: string;
  turnOn(session: Session): void;
}

const SWITCHES: readonly Switch[] = [
  { word: "CONDSTORE", turnOn: (session) => session.useCondstore() },
  { word: "IMAP4rev2", turnOn: useUtf8 },
  { word: "QRESYNC", turnOn: (session) => session.useCondstore() },
  { word: "UIDONLY", turnOn: noEffect },
  { word: "UTF8=ACCEPT", turnOn: useUtf8 },
];

/** Whoever answers looks whether it is enabled. */
function noEffect(): void {}

function useUtf8(session: Session): void {
  session.out.utf8Names = true;
}

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
    const enabled: string[] = [];
    const turned: Switch[] = [];
    for (const one of SWITCHES) {
      const key = upperAscii(one.word);
      if (!words.includes(key) || isHidden(session, key)) continue;
      if (session.enabled.has(key)) continue;
      session.enabled.add(key);
      enabled.push(one.word);
      turned.push(one);
    }
    session.out.line(["* ENABLED", ...enabled].join(" "));
    for (const one of turned) one.turnOn(session);
    return Promise.resolve({ text: "Enabled" });
  },
});

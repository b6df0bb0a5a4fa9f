/**
 * What CAPABILITY says, computed from what exists: the commands, the powers of
 * the auth module, the state. RFC 9051 section 6.1.1. A word without code
 * behind it can not stand here.
 */
import type { Command } from "./command.ts";
import { mechanismsOf } from "./sasl_mechanisms.ts";
import type { StoragePowers } from "./powers.ts";
import type { Session } from "./session.ts";
import { upperAscii } from "./wire/ascii.ts";

/** Extensions that are not commands of their own, by when they matter. */
const EXTENSIONS: readonly (readonly [
  word: string,
  afterLogin: boolean,
  power?: keyof StoragePowers,
])[] = [
  /** RFC 7888: `wire/framing.ts`. */
  ["LITERAL+", false],
  /** RFC 4959: `commands/authenticate.ts`. */
  ["SASL-IR", false],
  /** RFC 3348: `commands/list.ts`. */
  ["CHILDREN", true],
  /** RFC 5258: `commands/list.ts`. */
  ["LIST-EXTENDED", true],
  /** RFC 5819: `commands/list.ts`. */
  ["LIST-STATUS", true],
  /** RFC 6154: `commands/list.ts`. */
  ["SPECIAL-USE", true],
  /** RFC 6154 section 3: `commands/create.ts`. */
  ["CREATE-SPECIAL-USE", true],
  /** RFC 8440: `commands/list.ts`. */
  ["LIST-MYRIGHTS", true, "acl"],
  /** RFC 9590: `commands/list.ts`. */
  ["LIST-METADATA", true, "metadata"],
  /** RFC 8438: `commands/status.ts`. */
  ["STATUS=SIZE", true],
  /** RFC 4731: `commands/search.ts`. */
  ["ESEARCH", true],
  /** RFC 5182: `commands/search.ts`. */
  ["SEARCHRES", true],
  /** RFC 5032: `wire/search_grammar.ts`. */
  ["WITHIN", true],
  /** RFC 7162. */
  ["CONDSTORE", true],
  /** RFC 7162 section 3.2: `resync.ts`, `news_writer.ts`. */
  ["QRESYNC", true],
  /** RFC 9586: `session.ts`, `resolve_set.ts`. */
  ["UIDONLY", true],
  /** RFC 6855, RFC 9755: `commands/enable.ts`, `append_reader.ts`. */
  ["UTF8=ACCEPT", true],
  /** RFC 4315: `commands/append.ts`, `copy.ts`, `expunge.ts`. */
  ["UIDPLUS", true],
  /** RFC 3502: `commands/append.ts`. */
  ["MULTIAPPEND", true],
  /** RFC 3516: `fetch_binary.ts`, `nul_content.ts`. */
  ["BINARY", true],
  /** RFC 8970: `fetch_writer.ts`. */
  ["PREVIEW", true],
  /** RFC 8474: `fetch_writer.ts`, `wire/search_grammar.ts`, `commands`. */
  ["OBJECTID", true],
  /** RFC 8514: `fetch_writer.ts`, `wire/search_grammar.ts`. */
  ["SAVEDATE", true],
  /** RFC 9585: `progress.ts`. */
  ["INPROGRESS", true],
  /** RFC 5255 section 4.5: texts are compared by i;unicode-casemap. */
  ["I18NLEVEL=1", true],
];

/**
 * INTEROP Python imaplib 3.11: asks once, before login, and believes that for
 * the whole session. Other words would make that answer long for nothing.
 */
const EARLY_COMMANDS = new Set(["ENABLE", "IDLE"]);

/** The words for this session as of now. */
export async function capabilitiesOf(session: Session): Promise<string[]> {
  const words = ["IMAP4rev1", "IMAP4rev2"];
  const isLoggedIn = session.state !== "notAuthenticated";
  for (const [word, afterLogin, power] of EXTENSIONS) {
    if (!hasPower(session, power)) continue;
    if (isLoggedIn || !afterLogin) words.push(word);
  }
  for (const command of session.commands.values()) {
    if (isSwitchedOff(session, command)) continue;
    const isEarly = command.states.includes("notAuthenticated") ||
      EARLY_COMMANDS.has(command.name);
    if (!isLoggedIn && !isEarly) continue;
    words.push(...command.capabilities, ...command.extensions);
  }
  if (isLoggedIn) words.push(await appendLimit(session));
  else words.push(...loginWords(session));
  return [...new Set(words)].filter((word) => isOffered(session, word));
}

function isOffered(session: Session, word: string): boolean {
  // RFC 4978 section 3: not twice.
  if (word === "COMPRESS=DEFLATE" && session.isCompressed) return false;
  // RFC 9208 section 4.1.3: where it works.
  if (word === "QUOTASET" && !session.isAdministrator) return false;
  return !isHidden(session, upperAscii(word));
}

/** Whether an operator has switched a capability off (`word` in capitals). */
export function isHidden(session: Session, word: string): boolean {
  return session.services.settings.hiddenCapabilities.has(word) ||
    session.hidden.has(word);
}

/** Whether the store can do that. */
function hasPower(
  session: Session,
  power: keyof StoragePowers | undefined,
): boolean {
  return power === undefined ||
    session.services.backend.powers?.[power] !== undefined;
}

/**
 * Whether a command belongs to nothing but capabilities that are hidden, or to
 * what the store can not do.
 */
export function isSwitchedOff(session: Session, command: Command): boolean {
  if (!hasPower(session, command.power)) return true;
  const words = command.capabilities;
  const { hiddenCapabilities } = session.services.settings;
  if (hiddenCapabilities.size + session.hidden.size === 0) return false;
  return words.length > 0 &&
    words.every((word) => isHidden(session, upperAscii(word)));
}

/** RFC 7889: the same limit for every mailbox. */
async function appendLimit(session: Session): Promise<string> {
  const { backend } = session.services;
  const limit = await backend.appendLimit(session.account.id);
  return `APPENDLIMIT=${limit}`;
}

/** How one can log in here and now. RFC 9051 section 6.2. */
function loginWords(session: Session): string[] {
  const { tls } = session.services;
  const words: string[] = [];
  if (tls !== undefined && session.connection.tls === undefined) {
    words.push("STARTTLS");
  }
  for (const mechanism of mechanismsOf(session)) {
    words.push(`AUTH=${mechanism.name}`);
  }
  if (!mayUsePasswords(session)) words.push("LOGINDISABLED");
  return words;
}

/** Whether a password may cross this connection as it is. */
export function mayUsePasswords(session: Session): boolean {
  return session.connection.tls !== undefined ||
    session.services.settings.insecureAuth;
}

/**
 * Mailbox names between wire and store. RFC 9051 section 5.1, RFC 3501
 * section 5.1.3. In the store names are Unicode in NFC, levels end with `/`,
 * INBOX (also as the first level) is in capitals.
 */
import { ImapError } from "#src/imap/errors.ts";
import {
  MAX_MAILBOX_LEVELS,
  MAX_MAILBOX_NAME_BYTES,
} from "#src/imap/limits.ts";
import { asciiText, upperAscii } from "./ascii.ts";
import type { Cursor } from "./cursor.ts";
import { tryDecodeUtf7 } from "./utf7.ts";
import { encodeUtf8, tryDecodeUtf8 } from "./utf8.ts";

/** Separates the levels of a name, everywhere. */
export const DELIMITER = "/";

/**
 * Reads a mailbox name. `utf8`: the session has agreed on UTF-8 names, where
 * `&` means nothing special.
 */
export function parseMailbox(cursor: Cursor, utf8: boolean): string {
  return mailboxName(cursor.astring(), utf8);
}

/** A mailbox name, and how the client spelled it. */
export interface GivenName {
  readonly name: string;
  /** Differs from `name` where that is another form of Unicode. */
  readonly given: string;
}

/** As `parseMailbox`; RFC 9051 section 5.1 wants other spellings told. */
export function parseGivenName(cursor: Cursor, utf8: boolean): GivenName {
  const given = foldInbox(decodeName(cursor.astring(), utf8));
  return { name: given.normalize("NFC"), given };
}

/** Reads a mailbox pattern of LIST; wildcards stay. */
export function parseMailboxPattern(cursor: Cursor, utf8: boolean): string {
  return mailboxName(cursor.listMailbox(), utf8);
}

/** The store's form of a name on the wire. */
export function mailboxName(bytes: Uint8Array, utf8: boolean): string {
  return foldInbox(decodeName(bytes, utf8).normalize("NFC"));
}

function decodeName(bytes: Uint8Array, utf8: boolean): string {
  const isAscii = bytes.every((byte) => byte < 0x80);
  // INTEROP: clients that send UTF-8 without asking mean UTF-8.
  const isUtf8 = utf8 || !isAscii;
  const text = isUtf8 ? tryDecodeUtf8(bytes) : tryDecodeUtf7(asciiText(bytes));
  if (text !== undefined) return text;
  // RFC 6855 section 3: octets that are no UTF-8 are a syntax error.
  const status = utf8 ? "BAD" : "NO";
  const code = utf8 ? undefined : "CANNOT";
  throw new ImapError(status, "The mailbox name is not well encoded", code);
}

/** INBOX is the same in any case of letters. RFC 9051 section 5.1. */
function foldInbox(name: string): string {
  const end = name.indexOf(DELIMITER);
  const first = end < 0 ? name : name.slice(0, end);
  if (first.length !== 5 || upperAscii(first) !== "INBOX") return name;
  return `INBOX${name.slice(5)}`;
}

/**
 * The name to create: a final delimiter is dropped (RFC 9051 section 6.3.4).
 * `NO [CANNOT]` for names that no client could use again.
 */
export function newMailboxName(name: string): string {
  const plain = name.endsWith(DELIMITER) ? name.slice(0, -1) : name;
  const levels = plain.split(DELIMITER);
  const cannot = (why: string): never => {
    throw new ImapError("NO", why, "CANNOT");
  };
  if (levels.some((level) => level === "")) {
    cannot("A level of the name is empty");
  }
  if (levels.length > MAX_MAILBOX_LEVELS) {
    cannot("The name has too many levels");
  }
  if (encodeUtf8(plain).length > MAX_MAILBOX_NAME_BYTES) {
    cannot("The name is too long");
  }
  // Controls break logs and quoted strings, wildcards break LIST.
  // deno-lint-ignore no-control-regex -- controls are what must not pass
  if (/[\x00-\x1f\x7f-\x9f*%\u2028\u2029]/.test(plain)) {
    cannot("The name holds characters that are not allowed");
  }
  return plain;
}

/** Addresses of header fields as text, for people, rules and sorting. */
import { asciiLower, isAscii } from "#src/bytes/ascii.ts";
import { decodeLatin1 } from "#src/bytes/latin1.ts";
import { decodeUnknown } from "#src/message/charset.ts";
import { decodeHeaderText } from "#src/message/encoded_word.ts";
import { type HeaderMailbox, parseAddressList } from "./header_address.ts";

/** A mailbox as text. */
export interface DisplayAddress {
  /** Decoded display name; empty where there is none. */
  readonly name: string;
  /** `local@domain`; without `@` where the domain is missing. */
  readonly address: string;
}

/** The mailboxes of a field body, those in groups too. */
export function displayAddresses(raw: Uint8Array): readonly DisplayAddress[] {
  const addresses: DisplayAddress[] = [];
  for (const one of parseAddressList(raw)) {
    if (one.kind !== "mailbox") continue;
    addresses.push({
      name: one.name === undefined ? "" : decodeHeaderText(one.name),
      address: mailboxText(one),
    });
  }
  return addresses;
}

/** `local@domain` as written. */
export function mailboxText(mailbox: HeaderMailbox): string {
  const local = text(mailbox.mailbox);
  return mailbox.host.length === 0 ? local : `${local}@${text(mailbox.host)}`;
}

/** `mailboxText` in lower case: equal for addresses that mean the same. */
export function comparableMailbox(mailbox: HeaderMailbox): string {
  const address = mailboxText(mailbox);
  return isAscii(mailbox.mailbox) && isAscii(mailbox.host)
    ? asciiLower(address)
    : address.toLowerCase();
}

function text(bytes: Uint8Array): string {
  return isAscii(bytes) ? decodeLatin1(bytes) : decodeUnknown(bytes);
}

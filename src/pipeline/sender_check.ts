/**
 * A logged-in sender may only use addresses that are theirs, in MAIL FROM and
 * in the fields that name an author. RFC 6409 section 6.1.
 */
import type { HeaderBlock } from "#src/message/header_block.ts";
import type { Auth } from "#src/module/roles/auth.ts";
import type { Identity } from "#src/module/roles/session.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { authorAddresses } from "./author_addresses.ts";

/** From fields with more authors are refused: each costs a look-up. */
const MAX_AUTHORS = 50;

/** What mail programs show as the author. RFC 5322 sections 3.6.2, 3.6.6. */
const AUTHOR_FIELDS: ReadonlyMap<string, string> = new Map([
  ["from", "From"],
  ["sender", "Sender"],
  ["resent-from", "Resent-From"],
  ["resent-sender", "Resent-Sender"],
]);

/** Checks the addresses of one message; remembers what it has asked. */
export class SenderCheck {
  readonly #auth: Auth;
  readonly #identity: Identity;
  readonly #known = new Map<string, boolean>();

  constructor(auth: Auth, identity: Identity) {
    this.#auth = auth;
    this.#identity = identity;
  }

  /** MAIL FROM. The null sender is everybody's (RFC 5321 section 4.5.5). */
  async reversePath(address: string): Promise<void> {
    if (address === "" || await this.#mayUse(address)) return;
    throw new SmtpError(553, "7.1", "Sender address is not yours");
  }

  /** The fields that say who wrote; refuses what cannot be understood. */
  async authors(header: HeaderBlock): Promise<void> {
    // A fold of nothing is a field to some readers.
    if (header.bytes[0] === 0x20 || header.bytes[0] === 0x09) {
      throw new SmtpError(550, "6.0", "The header begins with white space");
    }
    for (const field of header.fields) {
      const name = AUTHOR_FIELDS.get(field.name);
      if (name === undefined) continue;
      const addresses = authorAddresses(header.rawValue(field));
      if (addresses === undefined || addresses.length > MAX_AUTHORS) {
        const text = `The ${name} field cannot be understood`;
        throw new SmtpError(550, "6.0", text);
      }
      for (const address of addresses) {
        if (await this.#mayUse(address)) continue;
        throw new SmtpError(550, "7.1", `The ${name} address is not yours`);
      }
    }
  }

  async #mayUse(address: string): Promise<boolean> {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const answer = await this.#auth.mayUse(this.#identity, address);
    this.#known.set(address, answer);
    return answer;
  }
}

/** More than one From field names nobody. RFC 5322 section 3.6. */
export function severalFrom(): SmtpError {
  return new SmtpError(550, "6.0", "More than one From field");
}

/** A message has an author. RFC 5322 section 3.6. */
export function noFrom(): SmtpError {
  return new SmtpError(550, "6.0", "The From field is missing");
}

/** Only the body of a binary message may be binary. RFC 3030 section 3. */
export function hasBareLineEnds(header: Uint8Array): boolean {
  for (let at = header.indexOf(CR); at >= 0; at = header.indexOf(CR, at + 1)) {
    if (header[at + 1] !== LF) return true;
  }
  for (let at = header.indexOf(LF); at >= 0; at = header.indexOf(LF, at + 1)) {
    if (header[at - 1] !== CR) return true;
  }
  return false;
}

const CR = 0x0d;
const LF = 0x0a;

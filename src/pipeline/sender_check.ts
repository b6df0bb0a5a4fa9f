/**
 * A logged-in sender may only use addresses that are theirs, in MAIL FROM and
 * in From. RFC 6409 section 6.1.
 */
import type { HeaderBlock } from "#src/message/header_block.ts";
import type { Auth } from "#src/module/roles/auth.ts";
import type { Identity } from "#src/module/roles/session.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { authorAddresses } from "./author_addresses.ts";

/** From fields with more authors are refused: each costs a look-up. */
const MAX_AUTHORS = 50;

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

  /** The From field; refuses what cannot be understood. */
  async from(header: HeaderBlock): Promise<void> {
    const fields = header.all("from");
    for (const field of fields) {
      const addresses = authorAddresses(header.rawValue(field));
      if (addresses === undefined || addresses.length > MAX_AUTHORS) {
        throw new SmtpError(550, "6.0", "The From field cannot be understood");
      }
      for (const address of addresses) {
        if (await this.#mayUse(address)) continue;
        throw new SmtpError(550, "7.1", "The From address is not yours");
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

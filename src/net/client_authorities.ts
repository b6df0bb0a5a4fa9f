/**
 * Whose certificates of TLS clients are believed. RFC 8446 section 4.4.2: that
 * a client has the private key of its certificate, the handshake has proved;
 * who signed it is looked at here.
 */
import { X509Certificate } from "node:crypto";
import { isForClients, mailAddresses } from "./client_certificate.ts";

/** The authorities of an operator. */
export class ClientAuthorities {
  /** Their certificates, one after the other. */
  readonly pem: string;
  readonly #authorities: readonly X509Certificate[];
  readonly #now: () => number;

  /** Throws `TypeError` where the text has no certificate. `now`: since 1970. */
  constructor(pem: string, now: () => number) {
    const blocks = pem.match(
      /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g,
    );
    if (blocks === null) throw new TypeError("There is no certificate in it");
    this.pem = `${blocks.join("\n")}\n`;
    this.#authorities = blocks.map((block) => new X509Certificate(block));
    this.#now = now;
  }

  /**
   * The mail addresses that a certificate (DER) names; none where none of the
   * authorities has signed it itself, where it is out of date, or is not meant
   * for clients. RFC 5280 section 6.1.3, for paths of one step.
   */
  addressesOf(der: Uint8Array): readonly string[] {
    try {
      const leaf = new X509Certificate(der);
      const isGood = this.#isCurrent(leaf) && isForClients(der) &&
        this.#authorities.some((authority) =>
          this.#isCurrent(authority) && leaf.checkIssued(authority) &&
          leaf.verify(authority.publicKey)
        );
      return isGood ? mailAddresses(der) : [];
    } catch {
      // It can not be read, or is signed in a way that nobody knows here.
      return [];
    }
  }

  #isCurrent({ validFromDate, validToDate }: X509Certificate): boolean {
    const now = this.#now();
    return validFromDate.getTime() <= now && now <= validToDate.getTime();
  }
}

/**
 * SASL mechanisms of a server as pure state machines. RFC 4422. A mechanism
 * never looks anything up: it says what it needs to know, its owner finds out
 * and tells it. So one mechanism serves IMAP and SMTP, and is tested without
 * either.
 */

/** Keys of SCRAM as an auth module keeps them. RFC 5802 section 3. */
export interface ScramCredentials {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** What a mechanism wants next. */
export type SaslStep =
  /** Send this; give the answer to `respond`. */
  | { readonly kind: "challenge"; readonly data: Uint8Array }
  /** Check the password; that decides. */
  | {
    readonly kind: "password";
    /** Who to act as; empty: the user. */
    readonly authorization: string;
    readonly user: string;
    readonly password: string;
  }
  /** Look the keys up; give them to `credentials`. */
  | {
    readonly kind: "scram";
    readonly authorization: string;
    readonly user: string;
  }
  /** Check the token; tell a refusal to `tokenRefused`. */
  | {
    readonly kind: "token";
    /** Who to act as; empty: whom the token names. */
    readonly user: string;
    readonly token: string;
  }
  /** Look at the certificate of the client; that decides. */
  | {
    readonly kind: "certificate";
    /** Who to be; empty: whom the certificate names. */
    readonly user: string;
  }
  /**
   * The client has proved to be the user whose keys were given. `data` goes to
   * the client with the success, or as a last challenge.
   */
  | { readonly kind: "proved"; readonly data: Uint8Array }
  /** The client broke the rules of the mechanism. */
  | { readonly kind: "malformed" }
  /** Wrong credentials. */
  | { readonly kind: "refused" };

/** One exchange. Methods are called as the steps ask for. */
export interface SaslExchange {
  /** The client's answer; the first is its initial response, if it had one. */
  respond(data: Uint8Array): SaslStep;
  /**
   * The keys asked for. Of an unknown user (`isKnown` false) keys that were made
   * up: the exchange goes on and is refused at its end.
   */
  credentials?(keys: ScramCredentials, isKnown: boolean): SaslStep;
  /** The token asked about is not good. */
  tokenRefused?(): SaslStep;
}

/** A mechanism. */
export interface SaslMechanism {
  readonly name: string;
  /** Whether passwords cross the wire as they are. */
  readonly isPlaintext: boolean;
  /** The first challenge where the client gave no initial response. */
  readonly firstChallenge: Uint8Array;
  begin(): SaslExchange;
}

/**
 * Role `auth`: says who somebody is.
 *
 * Contract: user names come as the client sent them (after SASLprep where the
 * mechanism asks for it); the module normalises them. Every answer to a wrong
 * password takes as long as one to an unknown user. Wrong credentials are a
 * value; a thrown value means that nobody can tell now (`454 4.7.0`,
 * `NO [UNAVAILABLE]`). Passwords never reach a log or an error.
 */
import type { Identity } from "#src/module/roles/session.ts";

/** What came of a check. */
export type AuthOutcome =
  | { readonly ok: true; readonly identity: Identity }
  | {
    readonly ok: false;
    readonly reason: "badCredentials" | "disabled" | "expired";
  };

/** Keys of SCRAM. RFC 5802 section 3. */
export interface ScramKeys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** Says who somebody is. */
export interface Auth {
  /** Checks a password. `password` is dropped as soon as possible. */
  checkPlain(user: string, password: string): Promise<AuthOutcome>;
  /**
   * Whether the account may send as this address (its own addresses and
   * aliases). `address` is a reverse path or a From address, not empty.
   */
  mayUse(identity: Identity, address: string): Promise<boolean>;
  /** Power: SCRAM. */
  readonly scram?: {
    readonly hash: "sha-256";
    /**
     * The keys of an account. Without such an account `identity` is `undefined`
     * and the keys are made up: no password fits them, and they are the same
     * each time, in every worker, and for every spelling of the name, as those
     * of an account are. Else the salt would tell who has an account.
     */
    keys(user: string): Promise<
      { readonly identity: Identity | undefined; readonly keys: ScramKeys }
    >;
  };
  /** Power: OAUTHBEARER and XOAUTH2 tokens. */
  readonly bearer?: {
    checkToken(user: string, token: string): Promise<AuthOutcome>;
  };
  /** Power: EXTERNAL, certificates of clients. */
  readonly external?: {
    /**
     * Whose address it is that the certificate names. The endpoint has made
     * sure that the operator's own authority has signed it.
     */
    checkAddress(address: string): Promise<AuthOutcome>;
  };
}

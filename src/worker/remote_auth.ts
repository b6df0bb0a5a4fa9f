/** Role `auth` in another worker. Which powers it has is told at connect. */
import type { Auth, AuthOutcome, ScramKeys } from "#src/module/roles/auth.ts";
import type { Identity } from "#src/module/roles/session.ts";
import type { Service } from "./channel.ts";
import type { Link } from "./link.ts";

/** What stubs must know before the first call. */
export interface AuthFacts {
  readonly scram: boolean;
  readonly bearer: boolean;
  readonly external: boolean;
}

/** Longest check of a password: hashing waits in line under attack. */
const AUTH_TIMEOUT_MS = 30_000;

/** Stands for an auth of another worker. */
export class RemoteAuth implements Auth {
  readonly scram?: NonNullable<Auth["scram"]>;
  readonly bearer?: NonNullable<Auth["bearer"]>;
  readonly external?: NonNullable<Auth["external"]>;
  readonly #link: () => Link;
  readonly #service: string;

  constructor(link: () => Link, service: string, facts: AuthFacts) {
    this.#link = link;
    this.#service = service;
    if (facts.scram) {
      this.scram = {
        hash: "sha-256",
        keys: (user) =>
          this.#call("scram", [user]) as Promise<
            { identity: Identity | undefined; keys: ScramKeys }
          >,
      };
    }
    if (facts.bearer) {
      this.bearer = {
        checkToken: (user, token) =>
          this.#call("bearer", [user, token]) as Promise<AuthOutcome>,
      };
    }
    if (facts.external) {
      this.external = {
        checkAddress: (address) =>
          this.#call("external", [address]) as Promise<AuthOutcome>,
      };
    }
  }

  checkPlain(user: string, password: string): Promise<AuthOutcome> {
    return this.#call("checkPlain", [user, password]) as Promise<AuthOutcome>;
  }

  mayUse(identity: Identity, address: string): Promise<boolean> {
    return this.#call("mayUse", [identity, address]) as Promise<boolean>;
  }

  #call(method: string, args: readonly unknown[]): Promise<unknown> {
    return this.#link().call(this.#service, method, args, {
      timeoutMs: AUTH_TIMEOUT_MS,
    });
  }
}

/** Answers the stubs of an auth. */
export class AuthService implements Service {
  readonly #auth: Auth;

  constructor(auth: Auth) {
    this.#auth = auth;
  }

  call(method: string, args: readonly unknown[]): Promise<unknown> {
    const [first, second] = args;
    const text = String(second);
    switch (method) {
      case "checkPlain":
        return this.#auth.checkPlain(String(first), text);
      case "mayUse":
        return this.#auth.mayUse(first as Identity, text);
      case "scram":
        if (this.#auth.scram === undefined) break;
        return this.#auth.scram.keys(String(first));
      case "bearer":
        if (this.#auth.bearer === undefined) break;
        return this.#auth.bearer.checkToken(String(first), text);
      case "external":
        if (this.#auth.external === undefined) break;
        return this.#auth.external.checkAddress(String(first));
    }
    throw new TypeError(`Auth has no method ${method}`);
  }
}

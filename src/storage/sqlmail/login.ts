/**
 * Role `auth` of `sqlmail`: passwords and SCRAM keys of its accounts, and the
 * addresses that an account may send from.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { StorageError } from "#src/errors/errors.ts";
import type { Auth, AuthOutcome, ScramKeys } from "#src/module/roles/auth.ts";
import type { Identity } from "#src/module/roles/session.ts";
import type { Row, StorageDriver } from "../driver.ts";
import { bytes, number, text } from "../row.ts";
import type { Addresses } from "./addresses.ts";
import { checkRecord, MAX_PASSWORD_BYTES, NO_RECORD } from "./passwords.ts";
import { decoyKeys, readDecoySecret } from "./scram_decoy.ts";

/** Logins that are remembered. */
const MAX_REMEMBERED = 1_000;

/** Checks that run at once; each takes a thread and 16 MiB. */
const MAX_CHECKS = 2;

/** Checks that may wait for their turn; more are refused for now. */
const MAX_WAITING = 500;

/** What the login is made of. */
export interface LoginOptions {
  readonly driver: StorageDriver;
  readonly addresses: Addresses;
  /** Name of the instance. */
  readonly instance: string;
  readonly monotonic: () => number;
  /** How long a good login is remembered; 0: not at all. */
  readonly rememberMs: number;
  /** Compares a password with its record; for tests. */
  readonly check?: (record: string, password: string) => Promise<boolean>;
}

interface Remembered {
  readonly digest: Uint8Array;
  readonly record: string;
  readonly until: number;
}

/** Says who somebody is. */
export class Login implements Auth {
  readonly #options: LoginOptions;
  /** Key of this process: what is remembered is worth nothing elsewhere. */
  readonly #key: Uint8Array = randomBytes(32);
  /** Good logins by account, so that busy clients do not pay scrypt again. */
  readonly #remembered = new Map<string, Remembered>();
  readonly #checks = new Limiter(MAX_CHECKS);

  #decoySecret: Uint8Array | undefined;

  constructor(options: LoginOptions) {
    this.#options = options;
  }

  async checkPlain(user: string, password: string): Promise<AuthOutcome> {
    const account = this.#options.addresses.accountName(user);
    const row = await this.#account(account);
    const record = row === undefined ? NO_RECORD : text(row, "password");
    const fits = new TextEncoder().encode(password).length <=
        MAX_PASSWORD_BYTES &&
      password !== "" &&
      await this.#fits(account, record, password);
    if (row === undefined || !fits) {
      return { ok: false, reason: "badCredentials" };
    }
    if (text(row, "state") !== "active") {
      return { ok: false, reason: "disabled" };
    }
    return { ok: true, identity: this.#identity(row) };
  }

  readonly external = {
    checkAddress: async (address: string): Promise<AuthOutcome> => {
      const row = await this.#account(
        this.#options.addresses.accountName(address),
      );
      if (row === undefined) return { ok: false, reason: "badCredentials" };
      if (text(row, "state") !== "active") {
        return { ok: false, reason: "disabled" };
      }
      return { ok: true, identity: this.#identity(row) };
    },
  } as const;

  async mayUse(identity: Identity, address: string): Promise<boolean> {
    const { driver, addresses, instance } = this.#options;
    if (identity.auth !== instance) return false;
    const owner = await driver.read((sql) => addresses.resolve(sql, address));
    return owner !== undefined && owner.active &&
      owner.name === identity.account;
  }

  readonly scram = {
    hash: "sha-256",
    keys: async (
      user: string,
    ): Promise<
      { readonly identity: Identity | undefined; readonly keys: ScramKeys }
    > => {
      const name = this.#options.addresses.accountName(user);
      const row = await this.#account(name);
      const secret = await this.#secret();
      if (row === undefined || text(row, "state") !== "active") {
        return { identity: undefined, keys: decoyKeys(secret, name) };
      }
      return {
        identity: this.#identity(row),
        keys: {
          salt: bytes(row, "scram_salt"),
          iterations: number(row, "scram_iterations"),
          storedKey: bytes(row, "scram_stored_key"),
          serverKey: bytes(row, "scram_server_key"),
        },
      };
    },
  } as const;

  /** Read once: it never changes. */
  async #secret(): Promise<Uint8Array> {
    return this.#decoySecret ??= await this.#options.driver.read((sql) =>
      readDecoySecret(sql)
    );
  }

  #identity(row: Row): Identity {
    return { account: text(row, "name"), auth: this.#options.instance };
  }

  async #account(name: string): Promise<Row | undefined> {
    return await this.#options.driver.read(async (sql) =>
      await sql.one(
        "SELECT name, state, password, scram_salt, scram_iterations, " +
          "scram_stored_key, scram_server_key FROM accounts WHERE name = ?",
        [name],
      )
    );
  }

  async #fits(
    account: string,
    record: string,
    password: string,
  ): Promise<boolean> {
    const digest = createHmac("sha256", this.#key).update(password).digest();
    const known = this.#remembered.get(account);
    const now = this.#options.monotonic();
    const same = known !== undefined && known.record === record &&
      known.until > now && timingSafeEqual(known.digest, digest);
    if (same) return true;
    const { rememberMs, check = checkRecord } = this.#options;
    if (!await this.#checks.run(() => check(record, password))) return false;
    if (rememberMs === 0) return true;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    const until = now + rememberMs;
    this.#remembered.set(account, { digest, record, until });
    return true;
  }
}

/** Runs so many tasks at once; the others wait their turn. */
class Limiter {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new StorageError("busy", "Too many logins at once");
    }
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

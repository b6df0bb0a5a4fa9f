/** Names of accounts and addresses, and which address belongs to whom. */
import { domainToASCII } from "node:url";
import type { Globals } from "#src/module/globals.ts";
import type { Sql } from "../driver.ts";
import { number, text } from "../row.ts";
import {
  type AccountUsage,
  type QuotaLimits,
  USAGE_COLUMNS,
  usageOf,
} from "./account_usage.ts";

/** Longest name or address that is looked up; RFC 5321 section 4.5.3.1.3. */
const MAX_LENGTH = 512;

const NO_LIMITS: QuotaLimits = { sizeBytes: undefined, messages: undefined };

/** The account behind an address. */
export interface Addressee {
  readonly account: number;
  readonly name: string;
  readonly active: boolean;
  /** As of the last commit. */
  readonly usage: Readonly<AccountUsage>;
}

/** Normalises and resolves; has no state. */
export class Addresses {
  readonly #globals: Pick<Globals, "hostname" | "domains" | "postmaster">;

  constructor(globals: Pick<Globals, "hostname" | "domains" | "postmaster">) {
    this.#globals = globals;
  }

  /**
   * The one spelling of an account's name: lower case, NFC, domain in ASCII. A
   * name without a domain belongs to the first local one. Never throws; what
   * can be no name is found nowhere.
   */
  accountName(given: string): string {
    const address = normalAddress(given);
    return address === "" || address.includes("@")
      ? address
      : `${address}@${this.#globals.domains[0] ?? this.#globals.hostname}`;
  }

  /** The account that gets mail for an address; plus addressing included. */
  async resolve(
    sql: Sql,
    given: string,
    defaultQuota: QuotaLimits = NO_LIMITS,
  ): Promise<Addressee | undefined> {
    const address = normalAddress(given);
    if (address === "") return undefined;
    for (const candidate of this.#candidates(address)) {
      const row = await sql.one(
        `SELECT a.id, a.name, a.state, ${USAGE_COLUMNS} FROM addresses x ` +
          "JOIN accounts a ON a.id = x.account " +
          "JOIN usage u ON u.account = a.id WHERE x.address = ?",
        [candidate],
      );
      if (row === undefined) continue;
      const account = number(row, "id");
      return {
        account,
        name: text(row, "name"),
        active: text(row, "state") === "active",
        usage: usageOf(row, account, defaultQuota),
      };
    }
    return undefined;
  }

  /** `user+tag@domain` also is `user@domain`; RFC 5233 section 1. */
  #candidates(address: string): readonly string[] {
    const at = address.lastIndexOf("@");
    const local = at < 0 ? address : address.slice(0, at);
    const domain = at < 0 ? "" : address.slice(at);
    const candidates = [address];
    const plus = local.indexOf("+");
    if (plus > 0) candidates.push(local.slice(0, plus) + domain);
    // RFC 5321 section 4.5.1: postmaster is always there, also without domain.
    const { postmaster, domains } = this.#globals;
    const here = domain === "" || domains.includes(domain.slice(1));
    if (local === "postmaster" && here) {
      candidates.push(normalAddress(postmaster));
    }
    return candidates;
  }
}

/** Lower case, NFC, domain in ASCII; empty where it can be no address. */
export function normalAddress(given: string): string {
  const text = given.normalize("NFC").toLowerCase();
  // deno-lint-ignore no-control-regex -- these are what is refused
  const wrong = /[\u0000-\u0020\u007f]/.test(text) || !text.isWellFormed();
  if (wrong || text.length > MAX_LENGTH) return "";
  const at = text.lastIndexOf("@");
  if (at < 0) return text;
  const domain = text.slice(at + 1);
  // Brackets: a literal such as [192.0.2.1] stays as it is.
  const ascii = /^[\u0021-\u007e]*$/.test(domain)
    ? domain
    : domainToASCII(domain);
  return at === 0 || ascii === "" ? "" : `${text.slice(0, at)}@${ascii}`;
}

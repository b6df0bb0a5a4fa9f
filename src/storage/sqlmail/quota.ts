/**
 * Power `quota` of `sqlmail`. RFC 9208. Each account has one root, named as the
 * account. That limits are kept is the business of the writer's operations.
 */
import { StorageError } from "#src/errors/errors.ts";
import type { QuotaPower, QuotaResource, QuotaRoot } from "#src/imap/powers.ts";
import type { Sql, StorageDriver } from "../driver.ts";
import { number, text } from "../row.ts";
import {
  type AccountUsage,
  NO_LIMIT,
  type QuotaLimits,
  readUsage,
} from "./account_usage.ts";
import type { Addresses } from "./addresses.ts";
import { setQuota } from "./change_accounts.ts";
import { splitSharedName } from "./mailbox_names.ts";
import type { Operation } from "./writer.ts";

/** What the power works on. */
export interface QuotaOptions {
  readonly driver: StorageDriver;
  readonly addresses: Addresses;
  readonly defaultQuota: QuotaLimits;
  /** Rejects where this worker only reads. */
  write<T>(operation: Operation<T>): Promise<T>;
}

type Request<M extends keyof QuotaPower> = Parameters<QuotaPower[M]>[0];

/** How much accounts have and may have. */
export class Quota implements QuotaPower {
  readonly #options: QuotaOptions;

  constructor(options: QuotaOptions) {
    this.#options = options;
  }

  async rootsOf(
    { account, mailbox }: Request<"rootsOf">,
  ): Promise<readonly QuotaRoot[]> {
    if (splitSharedName(mailbox) !== undefined) return [];
    const root = await this.#options.driver.read(async (sql) => {
      const row = await sql.one("SELECT name FROM accounts WHERE id = ?", [
        account,
      ]);
      return row && await this.#root(sql, account, text(row, "name"));
    });
    // Without limits there is nothing that mailboxes share.
    return root === undefined || root.usage.length === 0 ? [] : [root];
  }

  async root(
    { account, name, isAdministrator }: Request<"root">,
  ): Promise<QuotaRoot> {
    const wanted = this.#options.addresses.accountName(name);
    const root = await this.#options.driver.read(async (sql) => {
      const row = await sql.one("SELECT id FROM accounts WHERE name = ?", [
        wanted,
      ]);
      const id = row && number(row, "id");
      const isTold = isAdministrator || id === account;
      if (id === undefined || !isTold) return undefined;
      return await this.#root(sql, id, wanted);
    });
    if (root === undefined) throw noRoot();
    return root;
  }

  async set({ name, limits }: Request<"set">): Promise<QuotaRoot> {
    const wanted = this.#options.addresses.accountName(name);
    const limitOf = (wanted: QuotaResource): number =>
      limits.find(({ resource }) => resource === wanted)?.limit ?? NO_LIMIT;
    const change = {
      quota_bytes: limitOf("STORAGE"),
      quota_messages: limitOf("MESSAGE"),
    };
    return await this.#options.write(async (context) => {
      await setQuota(context, wanted, change);
      const row = await context.one("SELECT id FROM accounts WHERE name = ?", [
        wanted,
      ]);
      const usage = row && await context.usage(number(row, "id"));
      if (usage === undefined) throw noRoot();
      return rootOf(wanted, usage);
    });
  }

  async #root(
    sql: Sql,
    account: number,
    name: string,
  ): Promise<QuotaRoot | undefined> {
    const usage = await readUsage(sql, account, this.#options.defaultQuota);
    return usage && rootOf(name, usage);
  }
}

/** Only what has a limit is told. RFC 9208 section 4.2.1. */
function rootOf(
  name: string,
  { sizeBytes, messages, limits }: Readonly<AccountUsage>,
): QuotaRoot {
  const all = [
    { resource: "STORAGE", used: sizeBytes, limit: limits.sizeBytes },
    { resource: "MESSAGE", used: messages, limit: limits.messages },
  ] as const;
  return { name, usage: all.filter(({ limit }) => limit !== undefined) };
}

function noRoot(): StorageError {
  return new StorageError("notFound", "No quota root of that name");
}

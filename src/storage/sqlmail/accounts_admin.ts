/**
 * Role `admin` of `sqlmail`: accounts, for people who run the server.
 *
 * | command | arguments | result |
 * |---|---|---|
 * | `account.add` | `name`, `password` | `{ name }` |
 * | `account.list` | | `[{ name, state, aliases, mailboxes, messages, sizeBytes, quota, createdAt }]` |
 * | `account.passwd` | `name`, `password` | `{ name }` |
 * | `account.remove` | `name` | `{ name }` |
 * | `account.quota` | `name`, `storage`, `messages` | `{ name }`; a number, `"none"` or `"default"` |
 * | `account.enable`, `account.disable` | `name` | `{ name, state }` |
 * | `account.alias.add` | `name`, `address` | `{ name, address }` |
 * | `account.alias.remove` | `address` | `{ address }` |
 *
 * and those of `search_admin.ts`.
 */
import { StorageError } from "#src/errors/errors.ts";
import type { Admin } from "#src/module/roles/admin.ts";
import type { StorageDriver } from "../driver.ts";
import { number, text } from "../row.ts";
import { limitOf, NO_LIMIT, type QuotaLimits } from "./account_usage.ts";
import { type Addresses, normalAddress } from "./addresses.ts";
import {
  addAccount,
  addAlias,
  changePassword,
  removeAccount,
  removeAlias,
  setAccountState,
  setQuota,
} from "./change_accounts.ts";
import { makeRecord, MAX_PASSWORD_BYTES } from "./passwords.ts";
import type { SearchAdmin } from "./search_admin.ts";
import type { Writer } from "./writer.ts";

/** What the commands work on. */
export interface AccountsAdminOptions {
  readonly search: SearchAdmin;
  readonly driver: StorageDriver;
  readonly writer: Writer;
  readonly addresses: Addresses;
  readonly defaultQuota: QuotaLimits;
}

type Arguments = Readonly<Record<string, unknown>>;
type Command = (args: Arguments) => Promise<unknown>;

/** The commands. */
export class AccountsAdmin implements Admin {
  readonly #options: AccountsAdminOptions;
  readonly #commands: ReadonlyMap<string, Command>;

  constructor(options: AccountsAdminOptions) {
    this.#options = options;
    this.#commands = new Map<string, Command>([
      ["account.add", (args) => this.#add(args)],
      ["account.list", () => this.#list()],
      ["account.passwd", (args) => this.#passwd(args)],
      ["account.remove", (args) => this.#remove(args)],
      ["account.enable", (args) => this.#setState(args, "active")],
      ["account.disable", (args) => this.#setState(args, "disabled")],
      ["account.quota", (args) => this.#quota(args)],
      ["account.alias.add", (args) => this.#addAlias(args)],
      ["account.alias.remove", (args) => this.#removeAlias(args)],
      ["search.status", () => options.search.status()],
      ["search.reindex", () => options.search.reindex()],
    ]);
  }

  call(command: string, args: Arguments): Promise<unknown> {
    const found = this.#commands.get(command);
    if (found !== undefined) return found(args);
    return Promise.reject(
      new StorageError("invalid", `Unknown command "${command}"`),
    );
  }

  async #add(args: Arguments): Promise<unknown> {
    const name = this.#name(args);
    const record = await makeRecord(password(args));
    await this.#options.writer.run((tx) => addAccount(tx, name, record));
    return { name };
  }

  async #passwd(args: Arguments): Promise<unknown> {
    const name = this.#name(args);
    const record = await makeRecord(password(args));
    await this.#options.writer.run((tx) => changePassword(tx, name, record));
    return { name };
  }

  async #remove(args: Arguments): Promise<unknown> {
    const name = this.#name(args);
    await this.#options.writer.run((tx) => removeAccount(tx, name));
    return { name };
  }

  async #setState(
    args: Arguments,
    state: "active" | "disabled",
  ): Promise<unknown> {
    const name = this.#name(args);
    await this.#options.writer.run((tx) => setAccountState(tx, name, state));
    return { name, state };
  }

  async #quota(args: Arguments): Promise<unknown> {
    const name = this.#name(args);
    const bytes = limit(args, "storage");
    const messages = limit(args, "messages");
    const change = {
      ...(bytes !== undefined && { quota_bytes: bytes }),
      ...(messages !== undefined && { quota_messages: messages }),
    };
    await this.#options.writer.run((tx) => setQuota(tx, name, change));
    return { name };
  }

  async #addAlias(args: Arguments): Promise<unknown> {
    const name = this.#name(args);
    const address = addressOf(args);
    await this.#options.writer.run((tx) => addAlias(tx, name, address));
    return { name, address };
  }

  async #removeAlias(args: Arguments): Promise<unknown> {
    const address = addressOf(args);
    await this.#options.writer.run((tx) => removeAlias(tx, address));
    return { address };
  }

  async #list(): Promise<unknown> {
    const { driver, defaultQuota } = this.#options;
    const { accounts, addresses } = await driver.read(
      async (sql) => ({
        accounts: await sql.all(
          "SELECT a.name, a.state, a.created_at, a.quota_bytes, " +
            "a.quota_messages, u.messages, u.size_bytes, " +
            "(SELECT COUNT(*) FROM mailboxes m WHERE m.account = a.id) " +
            "AS mailboxes FROM accounts a " +
            "JOIN usage u ON u.account = a.id ORDER BY a.name",
        ),
        addresses: await sql.all(
          "SELECT a.name, x.address FROM addresses x JOIN accounts a " +
            "ON a.id = x.account WHERE x.address <> a.name ORDER BY x.address",
        ),
      }),
    );
    const aliases = Map.groupBy(addresses, (row) => text(row, "name"));
    return accounts.map((row) => ({
      name: text(row, "name"),
      state: text(row, "state"),
      aliases: (aliases.get(text(row, "name")) ?? []).map((alias) =>
        text(alias, "address")
      ),
      mailboxes: number(row, "mailboxes"),
      messages: number(row, "messages"),
      sizeBytes: number(row, "size_bytes"),
      quota: {
        storage: limitOf(row, "quota_bytes", defaultQuota.sizeBytes) ?? null,
        messages: limitOf(row, "quota_messages", defaultQuota.messages) ?? null,
      },
      createdAt: new Date(number(row, "created_at")).toISOString(),
    }));
  }

  #name(args: Arguments): string {
    const name = this.#options.addresses.accountName(word(args, "name"));
    if (name !== "") return name;
    throw new StorageError("invalid", "Not a name for an account");
  }
}

function word(args: Arguments, key: string): string {
  const value = args[key];
  if (typeof value === "string" && value !== "") return value;
  throw new StorageError("invalid", `Expected ${key}`);
}

/** A limit as its column has it; `undefined`: it is not to be changed. */
function limit(args: Arguments, key: string): number | null | undefined {
  const value = args[key];
  if (value === undefined) return undefined;
  if (value === "default") return null;
  if (value === "none") return NO_LIMIT;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) {
    return value;
  }
  throw new StorageError(
    "invalid",
    `Expected a number, none or default: ${key}`,
  );
}

function addressOf(args: Arguments): string {
  const address = normalAddress(word(args, "address"));
  if (address.includes("@")) return address;
  throw new StorageError("invalid", "Expected an address with a domain");
}

function password(args: Arguments): string {
  const given = word(args, "password");
  if (new TextEncoder().encode(given).length <= MAX_PASSWORD_BYTES) {
    return given;
  }
  throw new StorageError(
    "invalid",
    `A password has at most ${MAX_PASSWORD_BYTES} bytes`,
  );
}

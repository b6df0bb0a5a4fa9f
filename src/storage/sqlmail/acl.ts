/** Power `acl` of `sqlmail`. RFC 4314. */
import type { AclEntry, AclPower } from "#src/imap/powers.ts";
import { ALL_RIGHTS } from "#src/imap/rights.ts";
import type { StorageDriver } from "../driver.ts";
import { number, text } from "../row.ts";
import type { Addresses } from "./addresses.ts";
import { accountName, changeAcl, identifierOf } from "./change_acl.ts";
import { requireMailbox, rightsIn } from "./find_mailbox.ts";
import { mailboxName } from "./mailbox_names.ts";
import type { Operation } from "./writer.ts";

/** What the power works on. */
export interface AclOptions {
  readonly driver: StorageDriver;
  readonly addresses: Addresses;
  /** Rejects where this worker only reads. */
  write<T>(operation: Operation<T>): Promise<T>;
}

type Request<M extends keyof AclPower> = Parameters<AclPower[M]>[0];

/** Who may do what. */
export class Acl implements AclPower {
  readonly #options: AclOptions;

  constructor(options: AclOptions) {
    this.#options = options;
  }

  entries(
    { account, mailbox }: Request<"entries">,
  ): Promise<readonly AclEntry[]> {
    const name = mailboxName(mailbox);
    return this.#options.driver.read(async (sql) => {
      const { owner, row } = await requireMailbox(sql, account, name, "a");
      const rows = await sql.all(
        "SELECT identifier, rights FROM acl WHERE mailbox = ? " +
          "ORDER BY identifier",
        [number(row, "id")],
      );
      return [
        { identifier: await accountName(sql, owner), rights: ALL_RIGHTS },
        ...rows.map((entry) => ({
          identifier: text(entry, "identifier"),
          rights: text(entry, "rights"),
        })),
      ];
    });
  }

  grantable(
    { account, mailbox, identifier }: Request<"grantable">,
  ): Promise<string> {
    const name = mailboxName(mailbox);
    return this.#options.driver.read(async (sql) => {
      const { owner } = await requireMailbox(sql, account, name, "a");
      const wanted = identifierOf(this.#options.addresses, identifier);
      return wanted === await accountName(sql, owner) ? "" : ALL_RIGHTS;
    });
  }

  rightsOf(
    { account, mailbox }: Request<"rightsOf">,
  ): Promise<string | undefined> {
    return this.#options.driver.read(async (sql) => {
      const row = await sql.one("SELECT account FROM mailboxes WHERE id = ?", [
        mailbox,
      ]);
      if (row === undefined) return "";
      return number(row, "account") === account
        ? undefined
        : await rightsIn(sql, account, mailbox);
    });
  }

  change(request: Request<"change">): Promise<void> {
    const { addresses, write } = this.#options;
    return write((context) => changeAcl(context, addresses, request));
  }
}

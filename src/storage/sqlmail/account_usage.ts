/** How much an account has stored, and how much it may. RFC 9208 section 5. */
import { StorageError } from "#src/errors/errors.ts";
import type { AccountId } from "#src/imap/backend.ts";
import type { Row, Sql, SqlValue } from "../driver.ts";
import { number, optionalNumber } from "../row.ts";

/** Most that an account may have; `undefined`: no limit. */
export interface QuotaLimits {
  readonly sizeBytes: number | undefined;
  readonly messages: number | undefined;
}

/** The sums over the mailboxes of an account, kept by the writer. */
export interface AccountUsage {
  readonly account: AccountId;
  sizeBytes: number;
  messages: number;
  readonly limits: QuotaLimits;
}

/** What is to be added; may be negative. */
export interface Addition {
  readonly sizeBytes: number;
  readonly messages: number;
}

/** In the columns of a limit: none, whatever the default is. */
export const NO_LIMIT = -1;

/** Columns that `usageOf` needs, of `accounts a` and `usage u`. */
export const USAGE_COLUMNS =
  "u.size_bytes AS used_bytes, u.messages AS used_messages, " +
  "a.quota_bytes, a.quota_messages";

/** A row with `USAGE_COLUMNS`. */
export function usageOf(
  row: Row,
  account: AccountId,
  defaults: QuotaLimits,
): AccountUsage {
  return {
    account,
    sizeBytes: number(row, "used_bytes"),
    messages: number(row, "used_messages"),
    limits: {
      sizeBytes: limitOf(row, "quota_bytes", defaults.sizeBytes),
      messages: limitOf(row, "quota_messages", defaults.messages),
    },
  };
}

/** NULL in the column: the default. */
export function limitOf(
  row: Row,
  column: "quota_bytes" | "quota_messages",
  standard: number | undefined,
): number | undefined {
  const own = optionalNumber(row, column);
  if (own === undefined) return standard;
  return own === NO_LIMIT ? undefined : own;
}

/** Reads what an account uses; `undefined` where it is gone. */
export async function readUsage(
  sql: Pick<Sql, "one">,
  account: AccountId,
  defaults: QuotaLimits,
): Promise<AccountUsage | undefined> {
  const row = await sql.one(
    `SELECT ${USAGE_COLUMNS} FROM usage u JOIN accounts a ` +
      "ON a.id = u.account WHERE u.account = ?",
    [account],
  );
  return row === undefined ? undefined : usageOf(row, account, defaults);
}

/** Writes the sums back. */
export async function writeUsage(
  sql: { run(text: string, params: readonly SqlValue[]): unknown },
  { account, sizeBytes, messages }: AccountUsage,
): Promise<void> {
  await sql.run(
    "UPDATE usage SET size_bytes = ?, messages = ? WHERE account = ?",
    [sizeBytes, messages, account],
  );
}

/** Whether there is room. What takes nothing more always fits. */
export function fits(
  { sizeBytes, messages, limits }: Readonly<AccountUsage>,
  added: Addition,
): boolean {
  const isOver = (used: number, more: number, limit = Infinity): boolean =>
    more > 0 && used + more > limit;
  return !isOver(sizeBytes, added.sizeBytes, limits.sizeBytes) &&
    !isOver(messages, added.messages, limits.messages);
}

/** Throws `overQuota` where there is no room. */
export function checkFits(
  usage: Readonly<AccountUsage>,
  added: Addition,
): void {
  if (fits(usage, added)) return;
  throw new StorageError("overQuota", "The account has no room for that");
}

/**
 * Aliases: one address becomes any number of others (`rewrite rcpt`), a sender
 * one other (`rewrite from`).
 *
 * A table is asked, in this order, for the whole address, the address without
 * what follows a plus, the local part alone (local domains) and `@domain`.
 * Results are looked up again; an address that was seen is not, so that a
 * list may name itself and a loop ends.
 */
import type { Table } from "#src/module/roles/table.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { isLocal } from "./compile_condition.ts";
import { comparable, domainOf, localPartOf } from "./mail_address.ts";
import { PIPELINE_LIMITS } from "./settings.ts";

/**
 * The addresses that `address` stands for; `undefined` where the table has
 * nothing for it. Throws `SmtpError` where it leads nowhere.
 */
export async function expandAddress(
  address: string,
  table: Table,
  domains: ReadonlySet<string>,
): Promise<readonly string[] | undefined> {
  const first = await lookUp(address, table, domains);
  if (first === undefined) return undefined;
  const seen = new Set([comparable(address)]);
  const found = new Map<string, string>();
  let level: readonly string[] = [address];
  let values: readonly string[] | undefined = first;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= PIPELINE_LIMITS.rewriteDepth) throw leadsNowhere();
    const next: string[] = [];
    for (const current of level) {
      values ??= await lookUp(current, table, domains);
      for (const value of values ?? [current]) {
        const key = comparable(value);
        // An address that names itself is meant to stay what it is.
        if (values === undefined || key === comparable(current)) {
          found.set(key, value);
        } else if (!seen.has(key)) {
          seen.add(key);
          next.push(value);
        }
        if (found.size + next.length > PIPELINE_LIMITS.rewrittenAddresses) {
          throw leadsNowhere();
        }
      }
      values = undefined;
    }
    level = next;
  }
  if (found.size > 0) return [...found.values()];
  if (first.length > 0) throw leadsNowhere();
  throw new SmtpError(550, "1.1", "No such mailbox here");
}

function leadsNowhere(): SmtpError {
  return new SmtpError(550, "4.6", "The address leads in a circle");
}

/** Complete addresses for one key; `undefined` where there is nothing. */
async function lookUp(
  address: string,
  table: Table,
  domains: ReadonlySet<string>,
): Promise<readonly string[] | undefined> {
  for (const key of keysOf(address, domains)) {
    const values = await table.lookup(key);
    if (values === undefined) continue;
    return values.map((value) => completed(value.trim(), address))
      .filter((value) => value !== "");
  }
  return undefined;
}

function keysOf(
  address: string,
  domains: ReadonlySet<string>,
): readonly string[] {
  const whole = comparable(address);
  const local = localPartOf(whole);
  const domain = domainOf(whole);
  const plus = local.indexOf("+");
  const base = plus > 0 ? local.slice(0, plus) : local;
  const host = domain === "" ? "" : `@${domain}`;
  const keys = [whole];
  if (base !== local) keys.push(`${base}${host}`);
  if (domain !== "" && isLocal(whole, domains)) {
    keys.push(local);
    if (base !== local) keys.push(base);
  }
  if (host !== "") keys.push(host);
  return keys;
}

/** `name` gets the domain of the address, `@domain` its local part. */
function completed(value: string, address: string): string {
  if (value === "") return "";
  if (value.startsWith("@")) return `${localPartOf(address)}${value}`;
  if (value.includes("@")) return value;
  const domain = domainOf(address);
  return domain === "" ? value : `${value}@${domain}`;
}

/** The sender that `address` becomes; the null sender stays what it is. */
export async function rewriteSender(
  address: string,
  table: Table,
  domains: ReadonlySet<string>,
): Promise<string> {
  if (address === "") return "";
  const values = await lookUp(address, table, domains);
  return values?.[0] ?? address;
}

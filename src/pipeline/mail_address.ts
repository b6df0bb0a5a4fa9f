/** Parts of an address as conditions and rewriting compare them. */
import { parseDomain } from "#src/config/places.ts";

/** What stands before the last `@`; all of it where there is none. */
export function localPartOf(address: string): string {
  const at = address.lastIndexOf("@");
  return at < 0 ? address : address.slice(0, at);
}

/**
 * The domain in ASCII lower case without final dot; empty where there is none.
 * Text that is no domain (an address literal) comes back in lower case.
 */
export function domainOf(address: string): string {
  const at = address.lastIndexOf("@");
  if (at < 0) return "";
  const domain = address.slice(at + 1).toLowerCase();
  if (!NEEDS_WORK.test(domain)) return domain;
  return parseDomain(domain) ?? domain;
}

/** A final dot or a character outside of ASCII. */
// deno-lint-ignore no-control-regex -- the range is that of ASCII
const NEEDS_WORK = /\.$|[^\x00-\x7f]/;

/** The address in lower case with its domain in ASCII: for comparing. */
export function comparable(address: string): string {
  const lower = address.toLowerCase();
  if (!NEEDS_WORK.test(lower)) return lower;
  const domain = domainOf(lower);
  return domain === "" ? lower : `${localPartOf(lower)}@${domain}`;
}

/**
 * Domains of addresses: the form in which they are compared and looked up. RFC
 * 5321 section 2.3.5, RFC 5890 (A-labels), RFC 1035 section 2.3.4 (lengths).
 */
import { asciiLower } from "#src/bytes/ascii.ts";

/** Longest domain without the final dot. */
const MAX_DOMAIN = 253;

/** Labels of letters, digits, hyphens, and underscores as seen in the field. */
const ASCII_DOMAIN_REGEXP =
  /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * The domain in lower case A-labels without a final dot; `undefined` for what
 * can be no domain. Address literals are none.
 */
export function normalDomain(domain: string): string | undefined {
  const text = domain.endsWith(".") ? domain.slice(0, -1) : domain;
  if (text.length === 0 || text.length > MAX_DOMAIN) return undefined;
  const lower = asciiLower(text);
  if (ASCII_DOMAIN_REGEXP.test(lower)) return lower;
  return isAsciiText(lower) ? undefined : toALabels(lower);
}

/** By the URL parser, the platform's only IDNA. UTS 46. */
function toALabels(domain: string): string | undefined {
  // Characters that end a host in a URL must not get there.
  if (/[\s/?#@:[\]\\%|^<>"{}`]/.test(domain)) return undefined;
  if (!URL.canParse(`http://${domain}/`)) return undefined;
  const host = new URL(`http://${domain}/`).hostname.replace(/\.$/, "");
  if (host.length > MAX_DOMAIN || !ASCII_DOMAIN_REGEXP.test(host)) {
    return undefined;
  }
  // Digits of other alphabets would have become an address.
  return /^[0-9.]+$/.test(host) ? undefined : host;
}

function isAsciiText(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) >= 0x80) return false;
  }
  return true;
}

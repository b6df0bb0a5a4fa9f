/** Taking addresses apart and bringing them into the form for look-ups. */
import { asciiLower } from "#src/bytes/ascii.ts";
import { normalDomain } from "./domain.ts";

/** The two sides of an address. */
export interface AddressParts {
  /** As written, quotes included. */
  readonly localPart: string;
  /** As written; empty where there is no `@`. */
  readonly domain: string;
}

/** Splits at the last `@`; the local part may hold others in quotes. */
export function splitAddress(address: string): AddressParts {
  const at = address.lastIndexOf("@");
  if (at < 0) return { localPart: address, domain: "" };
  return { localPart: address.slice(0, at), domain: address.slice(at + 1) };
}

/** A local part and the detail after the first separator. RFC 5233. */
export interface LocalPartDetail {
  readonly user: string;
  /** `undefined` where there is no separator. */
  readonly detail: string | undefined;
}

/** Splits `user+detail`; a separator at the very start belongs to the user. */
export function splitDetail(
  localPart: string,
  separator = "+",
): LocalPartDetail {
  const at = separator === "" ? -1 : localPart.indexOf(separator, 1);
  if (at < 0) return { user: localPart, detail: undefined };
  return {
    user: localPart.slice(0, at),
    detail: localPart.slice(at + separator.length),
  };
}

/**
 * The address with its domain in lower case A-labels; the local part stays (RFC
 * 5321 section 2.4: only its own host may fold it). A domain that is none
 * (an address literal) is folded as ASCII.
 */
export function normalAddress(address: string): string {
  const { localPart, domain } = splitAddress(address);
  if (domain === "") return localPart;
  return `${localPart}@${normalDomain(domain) ?? asciiLower(domain)}`;
}

/**
 * The address as local accounts are looked up: domain as in `normalAddress`,
 * local part without needless quotes, composed (NFC) and in lower case.
 */
export function lookupAddress(address: string): string {
  const { localPart, domain } = splitAddress(address);
  const local = unquoteLocalPart(localPart).normalize("NFC").toLowerCase();
  if (domain === "") return local;
  return `${local}@${normalDomain(domain) ?? asciiLower(domain)}`;
}

/** A local part without quotes and escapes. RFC 5321 section 4.1.2. */
export function unquoteLocalPart(localPart: string): string {
  if (localPart.length < 2 || !localPart.startsWith('"')) return localPart;
  if (!localPart.endsWith('"')) return localPart;
  return localPart.slice(1, -1).replace(/\\(.)/gs, "$1");
}

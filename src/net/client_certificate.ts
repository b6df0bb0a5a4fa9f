/** What a certificate of a TLS client says. RFC 5280 section 4.1. */
import {
  type DerElement,
  derElement,
  derElements,
  derHex,
  TAGS,
} from "./der_element.ts";

/** Tag of the extensions in a certificate. */
const EXTENSIONS = 0xa3;

/** Tag of an rfc822Name among the names. RFC 5280 section 4.2.1.6. */
const RFC822_NAME = 0x81;

/** Object identifiers in hex, without tag and length. */
const SUBJECT_ALT_NAME = "551d11";
const EXTENDED_KEY_USAGE = "551d25";
const ANY_USAGE = "551d2500";
const CLIENT_AUTH = "2b06010505070302";

/** Names that are looked at. */
const MAX_NAMES = 100;

/** Mail addresses in the subject alternative name; ASCII only. */
export function mailAddresses(der: Uint8Array): readonly string[] {
  const names = valueOf(der, SUBJECT_ALT_NAME);
  if (names === undefined) return [];
  const found: string[] = [];
  let seen = 0;
  for (const { tag, start, end } of derElements(der, names)) {
    if (++seen > MAX_NAMES) break;
    if (tag !== RFC822_NAME) continue;
    const text = String.fromCharCode(...der.subarray(start, end).slice(0, 320));
    // The local part may be quoted; controls and spaces never belong there.
    if (end - start <= 320 && /^[!-~]+@[!-~]+$/.test(text)) found.push(text);
  }
  return found;
}

/**
 * Whether it may be used by a TLS client: what does not say for what it is, may
 * be. RFC 5280 section 4.2.1.12.
 */
export function isForClients(der: Uint8Array): boolean {
  const usages = valueOf(der, EXTENDED_KEY_USAGE);
  if (usages === undefined) return true;
  for (const usage of derElements(der, usages)) {
    const id = derHex(der, usage);
    if (id === CLIENT_AUTH || id === ANY_USAGE) return true;
  }
  return false;
}

/** The list that an extension has as its value. */
function valueOf(der: Uint8Array, wanted: string): DerElement | undefined {
  const certificate = derElement(der, 0);
  if (certificate === undefined) return undefined;
  const body = derElement(der, certificate.start);
  if (body === undefined) return undefined;
  for (const field of derElements(der, body)) {
    if (field.tag !== EXTENSIONS) continue;
    const list = derElement(der, field.start);
    if (list === undefined) return undefined;
    for (const extension of derElements(der, list)) {
      // Its identifier, perhaps whether it is critical, its value.
      const parts = [...derElements(der, extension)]
        .filter(({ tag }) => tag !== TAGS.boolean);
      const [id, value] = parts;
      if (id === undefined || value === undefined) continue;
      if (derHex(der, id) === wanted) return derElement(der, value.start);
    }
  }
  return undefined;
}

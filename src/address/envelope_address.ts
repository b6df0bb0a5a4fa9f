/**
 * Addresses of the SMTP envelope. RFC 5321 section 4.1.2 (Mailbox), RFC 6531
 * section 3.3 (UTF-8). Source routes are the command parser's business.
 */
import { isAlpha, isAtext, isDigit } from "#src/bytes/char_class.ts";
import { normalDomain } from "./domain.ts";

/** Longest local part, in UTF-8 bytes. RFC 5321 section 4.5.3.1.1. */
const MAX_LOCAL_PART = 64;
/** Longest path without brackets. RFC 5321 section 4.5.3.1.3. */
const MAX_ADDRESS = 254;

/** A checked address. */
export interface EnvelopeAddress {
  /** As written, quotes included. */
  readonly localPart: string;
  /** As written; with brackets for an address literal. */
  readonly domain: string;
  /** The domain is an address literal `[192.0.2.1]`. */
  readonly isLiteral: boolean;
  /** A character outside of ASCII is in it: SMTPUTF8 is needed. */
  readonly needsUtf8: boolean;
}

/** What is allowed. */
export interface EnvelopeAddressOptions {
  /** Characters outside of ASCII (the client said SMTPUTF8). Default false. */
  readonly utf8?: boolean;
}

/** Reads `local@domain`; `undefined` for anything else. */
export function parseEnvelopeAddress(
  text: string,
  options: EnvelopeAddressOptions = {},
): EnvelopeAddress | undefined {
  const needsUtf8 = !isAsciiText(text);
  if (needsUtf8 && options.utf8 !== true) return undefined;
  const end = endOfLocalPart(text);
  if (end === undefined || text[end] !== "@") return undefined;
  const localPart = text.slice(0, end);
  const domain = text.slice(end + 1);
  if (byteLength(localPart) > MAX_LOCAL_PART) return undefined;
  if (byteLength(text) > MAX_ADDRESS) return undefined;
  const isLiteral = domain.startsWith("[");
  const isDomain = isLiteral
    ? isAddressLiteral(domain)
    : !domain.endsWith(".") && normalDomain(domain) !== undefined;
  return isDomain ? { localPart, domain, isLiteral, needsUtf8 } : undefined;
}

/** `local@domain`. */
export function formatEnvelopeAddress(address: EnvelopeAddress): string {
  return `${address.localPart}@${address.domain}`;
}

/** The local part with quotes where it needs them. */
export function quoteLocalPart(localPart: string): string {
  return endOfDotString(localPart) === localPart.length && localPart !== ""
    ? localPart
    : `"${localPart.replace(/["\\]/g, "\\$&")}"`;
}

/** Offset after Dot-string or Quoted-string; `undefined` for neither. */
function endOfLocalPart(text: string): number | undefined {
  if (!text.startsWith('"')) return endOfDotString(text);
  for (let i = 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) return i + 1;
    if (code === 0x5c) i++;
    const taken = text.charCodeAt(i);
    if (Number.isNaN(taken) || taken < 0x20 || taken === 0x7f) return undefined;
  }
  return undefined;
}

/** Offset after atoms with single dots between them. */
function endOfDotString(text: string): number | undefined {
  let isAfterAtom = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80 || isAtext(code)) isAfterAtom = true;
    else if (code === 0x2e && isAfterAtom) isAfterAtom = false;
    else return isAfterAtom ? i : undefined;
  }
  return isAfterAtom ? text.length : undefined;
}

/** `[192.0.2.1]`, `[IPv6:...]` or `[tag:...]`. RFC 5321 section 4.1.3. */
function isAddressLiteral(domain: string): boolean {
  if (!domain.endsWith("]")) return false;
  const inside = domain.slice(1, -1);
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(inside);
  if (octets !== null) {
    return octets.slice(1).every((octet) => Number(octet) <= 255);
  }
  const colon = inside.indexOf(":");
  if (colon <= 0) return false;
  const tag = inside.slice(0, colon);
  const content = inside.slice(colon + 1);
  if (/^ipv6$/i.test(tag)) return URL.canParse(`http://[${content}]/`);
  const isTag = [...tag].every((letter) => {
    const code = letter.charCodeAt(0);
    return isAlpha(code) || isDigit(code) || code === 0x2d;
  });
  return isTag && !tag.endsWith("-") && /^[!-Z^-~]+$/.test(content);
}

function isAsciiText(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) >= 0x80) return false;
  }
  return true;
}

function byteLength(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // A surrogate pair is four bytes: two for each half.
    length += code < 0x80 ? 1 : code < 0x800 || isSurrogate(code) ? 2 : 3;
  }
  return length;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

/**
 * Classes of bytes as tables, so that a test can look at all 256 of each.
 * RFC 5322 section 3.2.3, RFC 5321 section 4.1.2, RFC 2045 section 5.1.
 */

const ATEXT = 1;
const TOKEN = 2;
const WSP = 4;
const CTL = 8;
const DIGIT = 16;
const ALPHA = 32;
const ATTRIBUTE = 64;

const CLASSES: Uint8Array = makeClasses();

function makeClasses(): Uint8Array {
  const table = new Uint8Array(256);
  const notAtext = codes('()<>[]:;@\\,."');
  const notToken = codes('()<>@,;:\\"/[]?=');
  const notAttribute = codes("*'%");
  for (let byte = 0; byte < 128; byte++) {
    let bits = 0;
    const isPrintable = byte > 0x20 && byte < 0x7f;
    if (byte < 0x20 || byte === 0x7f) bits |= CTL;
    if (byte === 0x20 || byte === 0x09) bits |= WSP;
    if (byte >= 0x30 && byte <= 0x39) bits |= DIGIT;
    const letter = byte | 0x20;
    if (letter >= 0x61 && letter <= 0x7a) bits |= ALPHA;
    if (isPrintable && !notAtext.has(byte)) bits |= ATEXT;
    if (isPrintable && !notToken.has(byte)) {
      bits |= TOKEN;
      if (!notAttribute.has(byte)) bits |= ATTRIBUTE;
    }
    table[byte] = bits;
  }
  return table;
}

function codes(text: string): Set<number> {
  return new Set([...text].map((character) => character.charCodeAt(0)));
}

function has(byte: number | undefined, bits: number): boolean {
  return byte !== undefined && ((CLASSES[byte] ?? 0) & bits) !== 0;
}

/** `atext` of RFC 5322 section 3.2.3, ASCII only. */
export function isAtext(byte: number | undefined): boolean {
  return has(byte, ATEXT);
}

/** A byte of `token` of RFC 2045 section 5.1. */
export function isTokenChar(byte: number | undefined): boolean {
  return has(byte, TOKEN);
}

/** `attribute-char` of RFC 2231 section 7. */
export function isAttributeChar(byte: number | undefined): boolean {
  return has(byte, ATTRIBUTE);
}

/** Space or tab. */
export function isWsp(byte: number | undefined): boolean {
  return has(byte, WSP);
}

/** US-ASCII control characters, DEL included. */
export function isCtl(byte: number | undefined): boolean {
  return has(byte, CTL);
}

/** `0` to `9`. */
export function isDigit(byte: number | undefined): boolean {
  return has(byte, DIGIT);
}

/** `A` to `Z` and `a` to `z`. */
export function isAlpha(byte: number | undefined): boolean {
  return has(byte, ALPHA);
}

/** Value of a hexadecimal digit; `undefined` for any other byte. */
export function hexValue(byte: number | undefined): number | undefined {
  if (byte === undefined) return undefined;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}

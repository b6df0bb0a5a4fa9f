/**
 * Modified UTF-7 of mailbox names in IMAP4rev1. RFC 3501 section 5.1.3. Strict:
 * each name has one form, so that no two spellings mean one mailbox.
 */

const ALPHABET =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/** Whether the character stands for itself: printable ASCII. */
function isDirect(unit: number): boolean {
  return unit >= 0x20 && unit <= 0x7e;
}

/** The modified UTF-7 form of a name. */
export function encodeUtf7(name: string): string {
  let text = "";
  let at = 0;
  while (at < name.length) {
    const unit = name.charCodeAt(at);
    if (unit === 0x26) {
      text += "&-";
      at++;
    } else if (isDirect(unit)) {
      text += name[at];
      at++;
    } else {
      let end = at;
      while (end < name.length && !isDirect(name.charCodeAt(end))) end++;
      text += `&${encodeUnits(name, at, end)}-`;
      at = end;
    }
  }
  return text;
}

/** Base64 of the UTF-16 units, big-endian. */
function encodeUnits(name: string, start: number, end: number): string {
  let text = "";
  let held = 0;
  let bits = 0;
  for (let i = start; i < end; i++) {
    held = held * 65536 + name.charCodeAt(i);
    bits += 16;
    while (bits >= 6) {
      bits -= 6;
      const index = Math.floor(held / 2 ** bits);
      text += ALPHABET[index];
      held -= index * 2 ** bits;
    }
  }
  if (bits > 0) text += ALPHABET[held * 2 ** (6 - bits)];
  return text;
}

/** The name, or `undefined` where the text is not in its one modified form. */
export function tryDecodeUtf7(text: string): string | undefined {
  let name = "";
  let at = 0;
  while (at < text.length) {
    const unit = text.charCodeAt(at);
    if (!isDirect(unit)) return undefined;
    if (unit !== 0x26) {
      name += text[at];
      at++;
      continue;
    }
    const end = text.indexOf("-", at);
    if (end < 0) return undefined;
    if (end === at + 1) name += "&";
    else {
      const units = decodeUnits(text.slice(at + 1, end));
      if (units === undefined) return undefined;
      name += units;
    }
    at = end + 1;
  }
  // Only one form: no encoded ASCII, no split runs, no half surrogates.
  if (!name.isWellFormed() || encodeUtf7(name) !== text) return undefined;
  return name;
}

function decodeUnits(text: string): string | undefined {
  let units = "";
  let held = 0;
  let bits = 0;
  for (const char of text) {
    const value = ALPHABET.indexOf(char);
    if (value < 0) return undefined;
    held = held * 64 + value;
    bits += 6;
    if (bits >= 16) {
      bits -= 16;
      const unit = Math.floor(held / 2 ** bits);
      units += String.fromCharCode(unit);
      held -= unit * 2 ** bits;
    }
  }
  return bits >= 6 || held !== 0 ? undefined : units;
}

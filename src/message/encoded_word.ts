/**
 * Encoded words in unstructured text and phrases. RFC 2047, RFC 2231 section 5
 * (language), RFC 6532 (UTF-8 as it is). Reading only.
 */
import { asciiLower, isAscii } from "#src/bytes/ascii.ts";
import { Base64Decoder } from "#src/bytes/base64.ts";
import { hexValue } from "#src/bytes/char_class.ts";
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import { decodeLatin1 } from "#src/bytes/latin1.ts";
import { decodeCharset, decodeUnknown } from "./charset.ts";
import { unfold } from "./field_value.ts";

const QUESTION = 0x3f;
const EQUALS = 0x3d;
const UNDERSCORE = 0x5f;
const SP = 0x20;
const TAB = 0x09;
/** Longest charset and language that is believed. */
const MAX_CHARSET = 80;

/** One encoded word: its charset and the bytes it stands for. */
interface Word {
  readonly charset: string;
  readonly bytes: Uint8Array;
  readonly end: number;
}

/**
 * Text of an unstructured field body or phrase, folds included. Adjacent words
 * of one charset are joined before decoding: writers cut characters in two.
 */
export function decodeHeaderText(raw: Uint8Array): string {
  const bytes = unfold(raw);
  if (bytes.indexOf(EQUALS) < 0) return plainText(bytes);
  let text = "";
  let plainFrom = 0;
  let at = bytes.indexOf(EQUALS);
  let pending: { charset: string; parts: Uint8Array[] } | undefined;
  while (at >= 0) {
    const word = wordAt(bytes, at);
    if (word === undefined) {
      at = bytes.indexOf(EQUALS, at + 1);
      continue;
    }
    const between = bytes.subarray(plainFrom, at);
    const isAdjacent = pending !== undefined && isBlank(between);
    if (isAdjacent && pending?.charset === word.charset) {
      pending.parts.push(word.bytes);
    } else {
      if (pending !== undefined) text += wordText(pending);
      if (!isAdjacent) text += plainText(between);
      pending = { charset: word.charset, parts: [word.bytes] };
    }
    plainFrom = word.end;
    at = bytes.indexOf(EQUALS, word.end);
  }
  if (pending !== undefined) text += wordText(pending);
  return text + plainText(bytes.subarray(plainFrom));
}

/** Text outside of encoded words: ASCII, UTF-8, or a guess. */
function plainText(bytes: Uint8Array): string {
  return isAscii(bytes) ? decodeLatin1(bytes) : decodeUnknown(bytes);
}

function wordText(
  word: { readonly charset: string; readonly parts: readonly Uint8Array[] },
): string {
  const [first = new Uint8Array(0)] = word.parts;
  const bytes = word.parts.length === 1 ? first : concatBytes(word.parts);
  return decodeCharset(bytes, word.charset);
}

/** Reads `=?charset?encoding?text?=` at `start`. RFC 2047 section 2. */
function wordAt(bytes: Uint8Array, start: number): Word | undefined {
  if (bytes[start + 1] !== QUESTION) return undefined;
  const charsetStart = start + 2;
  const limit = Math.min(bytes.length, charsetStart + MAX_CHARSET);
  let charsetEnd = charsetStart;
  while (charsetEnd < limit && bytes[charsetEnd] !== QUESTION) {
    if ((bytes[charsetEnd] ?? 0) <= SP) return undefined;
    charsetEnd++;
  }
  if (bytes[charsetEnd] !== QUESTION || charsetEnd === charsetStart) {
    return undefined;
  }
  const encoding = (bytes[charsetEnd + 1] ?? 0) | 0x20;
  if (bytes[charsetEnd + 2] !== QUESTION) return undefined;
  const textStart = charsetEnd + 3;
  const textEnd = endOfWord(bytes, textStart);
  if (textEnd === undefined) return undefined;
  const encoded = bytes.subarray(textStart, textEnd);
  const name = asciiLower(decodeLatin1(bytes, charsetStart, charsetEnd));
  const star = name.indexOf("*");
  const charset = star < 0 ? name : name.slice(0, star);
  const end = textEnd + 2;
  if (encoding === 0x71) return { charset, bytes: decodeQ(encoded), end };
  if (encoding !== 0x62) return undefined;
  const decoder = new Base64Decoder();
  const decoded = concatBytes([decoder.write(encoded), decoder.end()]);
  return { charset, bytes: decoded, end };
}

/**
 * Offset of the `?=` that ends the text; `undefined` where there is none.
 * INTEROP: spaces inside of Q text are accepted, as other readers do; a
 * question mark that is not the end is not, so the search stays short.
 */
function endOfWord(bytes: Uint8Array, from: number): number | undefined {
  const at = bytes.indexOf(QUESTION, from);
  if (at < 0 || bytes[at + 1] !== EQUALS) return undefined;
  return at;
}

/** The Q encoding. RFC 2047 section 4.2. */
function decodeQ(encoded: Uint8Array): Uint8Array {
  const out = new Uint8Array(encoded.length);
  let length = 0;
  for (let i = 0; i < encoded.length; i++) {
    const byte = encoded[i] ?? 0;
    if (byte === UNDERSCORE) out[length++] = SP;
    else if (byte === EQUALS) {
      const high = hexValue(encoded[i + 1]);
      const low = hexValue(encoded[i + 2]);
      if (high === undefined || low === undefined) out[length++] = byte;
      else {
        out[length++] = high * 16 + low;
        i += 2;
      }
    } else out[length++] = byte;
  }
  return out.subarray(0, length);
}

function isBlank(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== SP && byte !== TAB) return false;
  return true;
}

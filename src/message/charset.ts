/**
 * Text of bytes in a named charset. RFC 2046 section 4.1.2 and the WHATWG
 * encodings of the platform, with real ISO 8859-1. Never throws: what cannot be
 * decoded is read as UTF-8 where it is valid and else as windows-1252, since
 * people want to read something.
 */
import { asciiLower } from "#src/bytes/ascii.ts";
import { decodeLatin1 } from "#src/bytes/latin1.ts";
import { decodeUtf8Lossy, tryDecodeUtf8 } from "#src/bytes/utf8.ts";

/** Names seen in mail that the platform does not know. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["cp1250", "windows-1250"],
  ["cp1251", "windows-1251"],
  ["cp1252", "windows-1252"],
  ["cp936", "gbk"],
  ["cp932", "shift_jis"],
  ["cp949", "euc-kr"],
  ["cp950", "big5"],
  ["ks_c_5601", "euc-kr"],
  ["utf8mb4", "utf-8"],
  ["cp65001", "utf-8"],
  ["iso-2022-jp-2", "iso-2022-jp"],
  ["iso-2022-jp-ms", "iso-2022-jp"],
  ["gb_2312", "gbk"],
  ["macroman", "macintosh"],
]);

const LATIN1_NAMES: ReadonlySet<string> = new Set([
  "iso-8859-1",
  "iso8859-1",
  "iso_8859-1",
  "latin1",
  "l1",
  "iso-8859-1-i",
]);

const ASCII_NAMES: ReadonlySet<string> = new Set([
  "",
  "us-ascii",
  "ascii",
  "ansi_x3.4-1968",
  "iso646-us",
  "unknown-8bit",
  "x-unknown",
  "default",
]);

/** Reads text that comes in pieces. */
export interface CharsetDecoder {
  /** Text that is complete with this chunk. */
  write(chunk: Uint8Array): string;
  /** What an incomplete end leaves. */
  end(): string;
}

/** The charset as this file names it: lower case, aliases resolved. */
export function normalCharset(name: string): string {
  const lower = asciiLower(name).replace(/^[ "']+|[ "']+$/g, "");
  if (ASCII_NAMES.has(lower)) return "us-ascii";
  if (LATIN1_NAMES.has(lower)) return "iso-8859-1";
  if (lower === "utf8") return "utf-8";
  return ALIASES.get(lower) ?? lower;
}

/** Text of all of `bytes`. Keeps no byte order mark. Never throws. */
export function decodeCharset(bytes: Uint8Array, charset: string): string {
  const name = normalCharset(charset);
  switch (name) {
    case "iso-8859-1":
      return decodeLatin1(bytes);
    case "us-ascii":
      return decodeUnknown(bytes);
    case "utf-8":
      return withoutMark(decodeUtf8Lossy(bytes));
  }
  const decoder = platformDecoder(name);
  return decoder === undefined ? decodeUnknown(bytes) : decoder.decode(bytes);
}

/** Text of bytes of which nobody says what they are. */
export function decodeUnknown(bytes: Uint8Array): string {
  const text = tryDecodeUtf8(bytes);
  return text !== undefined
    ? withoutMark(text)
    : new TextDecoder("windows-1252").decode(bytes);
}

/** For text in pieces; unknown charsets are read as UTF-8 with U+FFFD. */
export function openCharset(charset: string): CharsetDecoder {
  const name = normalCharset(charset);
  if (name === "iso-8859-1") {
    return { write: (chunk) => decodeLatin1(chunk), end: () => "" };
  }
  const decoder = platformDecoder(name === "us-ascii" ? "utf-8" : name) ??
    new TextDecoder("utf-8");
  return {
    write: (chunk) => decoder.decode(chunk, { stream: true }),
    end: () => decoder.decode(),
  };
}

/** `undefined` for a charset that the platform does not know. */
function platformDecoder(name: string): TextDecoder | undefined {
  try {
    return new TextDecoder(name);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

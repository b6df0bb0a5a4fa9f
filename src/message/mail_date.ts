/**
 * Dates of header fields. RFC 5322 section 3.3 with the obsolete forms of
 * section 4.3 (two-digit years, zone names, comments anywhere).
 */
import { decodeLatin1 } from "#src/bytes/latin1.ts";
import { HeaderLexer } from "./_lexer.ts";
import { unfold } from "./field_value.ts";
import { MONTHS } from "./months.ts";

/** An instant and the zone that it was written in. */
export interface MailDate {
  /** Milliseconds since 1970 UTC. */
  readonly ms: number;
  /** Minutes east of UTC. */
  readonly offsetMinutes: number;
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;

/** Longest field that is read; a date has about 40 characters. */
const MAX_LENGTH = 256;

/** Zone names of RFC 5322 section 4.3 in hours; all others mean -0000. */
const ZONES: ReadonlyMap<string, number> = new Map([
  ["EST", -5],
  ["EDT", -4],
  ["CST", -6],
  ["CDT", -5],
  ["MST", -7],
  ["MDT", -6],
  ["PST", -8],
  ["PDT", -7],
]);

const DATE_REGEXP =
  /^(?:[a-z]{3,9} ?,? ?)?(\d{1,2})[ -]([a-z]{3})[a-z]{0,6}[ -](\d{2,4}) (\d{1,2}) ?: ?(\d{1,2})(?: ?: ?(\d{1,2}))?(?:[.,]\d{1,9})? ?(?:([+-])(\d{2}):?(\d{2})|([a-z]{1,5}))?/i;

/**
 * Reads a Date field body; `undefined` for what is no date. A time that there
 * is not is 00:00:00 (RFC 5256 section 2.2).
 */
export function parseMailDate(raw: Uint8Array): MailDate | undefined {
  const text = plainText(unfold(raw.subarray(0, MAX_LENGTH)));
  const match = DATE_REGEXP.exec(text);
  if (match === null) return undefined;
  const month = MONTHS.findIndex((name) =>
    name.toLowerCase() === match[2]?.toLowerCase()
  );
  const day = Number(match[1]);
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Number(match[6] ?? "0");
  if (month < 0 || day < 1 || day > 31) return undefined;
  const year = fullYear(match[3] ?? "");
  const offsetMinutes = zoneOffset(match);
  const isTime = hour <= 24 && minute <= 59 && second <= 60;
  const ms = Date.UTC(year, month, day) - offsetMinutes * 60_000 +
    (isTime ? ((hour * 60 + minute) * 60 + Math.min(second, 59)) * 1000 : 0);
  if (new Date(Date.UTC(year, month, day)).getUTCMonth() !== month) {
    return undefined;
  }
  return Number.isNaN(ms) ? undefined : { ms, offsetMinutes };
}

/** RFC 5322 section 4.3: two and three digits. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return digits.length === 3 ? 1900 + year : year;
}

function zoneOffset(match: RegExpExecArray): number {
  const [sign, hours, minutes, name] = match.slice(7);
  if (sign !== undefined) {
    const value = Number(hours) * 60 + Number(minutes);
    // Nothing on Earth is further away: such a zone is a mistake.
    if (value > 24 * 60) return 0;
    return sign === "-" ? -value || 0 : value;
  }
  return (ZONES.get(name?.toUpperCase() ?? "") ?? 0) * 60;
}

/** The field with comments and folds as single spaces. */
function plainText(bytes: Uint8Array): string {
  if (bytes.indexOf(0x28) < 0) return spaced(decodeLatin1(bytes));
  const lexer = new HeaderLexer(bytes);
  let text = "";
  let from = 0;
  while (!lexer.atEnd) {
    if (lexer.byte === 0x28) {
      text += decodeLatin1(bytes, from, lexer.at) + " ";
      lexer.skipComment();
      from = lexer.at;
    } else lexer.at++;
  }
  return spaced(text + decodeLatin1(bytes, from));
}

function spaced(text: string): string {
  return text.replace(/[ \t\r\n]+/g, " ").replace(/^ /, "");
}

/**
 * A date-time of RFC 5322 section 3.3, as Date and Received fields have it:
 * `Mon, 23 Nov 2026 02:10:09 +0000`.
 */
export function formatMailDate(ms: number, offsetMinutes = 0): string {
  const date = new Date(ms + offsetMinutes * 60_000);
  const sign = offsetMinutes < 0 ? "-" : "+";
  const zone = Math.abs(offsetMinutes);
  return `${DAYS[date.getUTCDay()]}, ${date.getUTCDate()} ` +
    `${MONTHS[date.getUTCMonth()]} ${pad(date.getUTCFullYear(), 4)} ` +
    `${pad(date.getUTCHours(), 2)}:${pad(date.getUTCMinutes(), 2)}:` +
    `${pad(date.getUTCSeconds(), 2)} ` +
    `${sign}${pad(Math.floor(zone / 60), 2)}${pad(zone % 60, 2)}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

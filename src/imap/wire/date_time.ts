/** Dates of IMAP. RFC 9051 section 9 (`date`, `date-time`). */
import type { SearchDate } from "#src/imap/search_key.ts";
import { MONTHS } from "#src/message/months.ts";
import type { Cursor } from "./cursor.ts";

const DASH = 0x2d;
const COLON = 0x3a;
const DQUOTE = 0x22;
const PLUS = 0x2b;
const SP = 0x20;

/** `00` to `59`. */
const TWO: readonly string[] = Array.from(
  { length: 60 },
  (_, n) => `${n}`.padStart(2, "0"),
);

/** `"17-Jul-1996 02:44:25 -0700"` of a moment, in UTC. */
export function formatDateTime(ms: number): string {
  const date = new Date(ms);
  const day = date.getUTCDate();
  const month = MONTHS[date.getUTCMonth()] ?? "Jan";
  const year = `${date.getUTCFullYear()}`.padStart(4, "0");
  return `"${day < 10 ? " " : ""}${day}-${month}-${year} ${
    TWO[date.getUTCHours()]
  }:${TWO[date.getUTCMinutes()]}:${TWO[date.getUTCSeconds()]} +0000"`;
}

/** Reads a quoted `date-time`; gives milliseconds since 1970 UTC. */
export function parseDateTime(cursor: Cursor): number {
  cursor.byte(DQUOTE);
  const day = cursor.tryByte(SP)
    ? cursor.fixedDigits(1)
    : cursor.fixedDigits(2);
  cursor.byte(DASH);
  const month = parseMonth(cursor);
  cursor.byte(DASH);
  const year = cursor.fixedDigits(4);
  cursor.sp();
  const hour = cursor.fixedDigits(2);
  cursor.byte(COLON);
  const minute = cursor.fixedDigits(2);
  cursor.byte(COLON);
  const second = cursor.fixedDigits(2);
  cursor.sp();
  const isEast = cursor.tryByte(PLUS);
  if (!isEast) cursor.byte(DASH);
  const zone = cursor.fixedDigits(2) * 60 + cursor.fixedDigits(2);
  const isReal = hour < 24 && minute < 60 && second <= 60 && zone < 24 * 60;
  if (!isReal || !isCalendarDate(year, month, day)) cursor.fail("date");
  cursor.byte(DQUOTE);
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  return local - (isEast ? zone : -zone) * 60_000;
}

/** Reads `date`: `1-Feb-1994`, with or without quotes. */
export function parseDate(cursor: Cursor): SearchDate {
  const isQuoted = cursor.tryByte(DQUOTE);
  const day = parseDay(cursor);
  cursor.byte(DASH);
  const month = parseMonth(cursor);
  cursor.byte(DASH);
  const year = cursor.fixedDigits(4);
  if (!isCalendarDate(year, month, day)) cursor.fail("date");
  if (isQuoted) cursor.byte(DQUOTE);
  return { year, month, day };
}

/** One or two digits. */
function parseDay(cursor: Cursor): number {
  const first = cursor.fixedDigits(1);
  const next = cursor.peek();
  return next !== undefined && next >= 0x30 && next <= 0x39
    ? first * 10 + cursor.fixedDigits(1)
    : first;
}

function parseMonth(cursor: Cursor): number {
  const name = cursor.tryLetters();
  const index = MONTHS.findIndex((month) => month.toUpperCase() === name);
  return index < 0 ? cursor.fail("month") : index + 1;
}

function isCalendarDate(year: number, month: number, day: number): boolean {
  if (day < 1) return false;
  // Day 0 of the next month is the last day of this one.
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

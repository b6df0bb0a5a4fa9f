/**
 * Mail in mbox files: one file, or a folder of them as Thunderbird and others
 * keep it (`Archive`, `Archive.sbd/2025`). RFC 4155 and what is in use:
 * messages begin with `From ` after an empty line, such lines in messages are
 * quoted with `>` (mboxrd), flags are in `Status`, `X-Status`, `X-Keywords`, or
 * as Thunderbird has them in `X-Mozilla-Status` and `X-Mozilla-Keys`.
 */
import { join } from "node:path";
import { findHeaderEnd, HeaderBlock } from "#src/message/header_block.ts";
import { CliError } from "../exit_code.ts";
import { decodeMailboxName } from "./folder_names.ts";
import { toCrlf } from "./line_ends.ts";
import type { MailSource, SourceFolder, SourceMessage } from "./mail_source.ts";
import { flagsOfMozilla, flagsOfStatus } from "./maildir_flags.ts";

const CHUNK_BYTES = 1024 * 1024;
/** A message that is longer is no message. */
const MAX_MESSAGE_BYTES = 1024 * 1024 * 1024;
const MAX_DEPTH = 12;
const LF = 0x0a;
const encoder = new TextEncoder();
const FROM = encoder.encode("From ");

/** Opens the file or folder; `mailbox` is where a single file goes. */
export function openMbox(path: string, mailbox: string): MailSource {
  return {
    identity: `mbox ${path}`,
    async *folders(): AsyncGenerator<SourceFolder, void> {
      const { isDirectory } = await Deno.stat(path);
      if (isDirectory) return yield* foldersBelow(path, [], 0);
      if (!await isMbox(path)) {
        throw new CliError(`${path} does not begin with "From ", as mbox does`);
      }
      yield folderOf(path, mailbox);
    },
    close: () => Promise.resolve(),
  };
}

function folderOf(path: string, name: string): SourceFolder {
  return {
    name,
    specialUse: undefined,
    count: undefined,
    messages: () => messagesOf(path),
  };
}

async function* foldersBelow(
  path: string,
  levels: readonly string[],
  depth: number,
): AsyncGenerator<SourceFolder, void> {
  const entries = await Array.fromAsync(Deno.readDir(path));
  entries.sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isFile, isDirectory } of entries) {
    const inner = join(path, name);
    const level = name.replace(/\.(?:sbd|mbox)$/i, "");
    if (isFile && await isMbox(inner)) {
      // Apple Mail has `Work.mbox/mbox`.
      const isInside = name === "mbox" && levels.length > 0;
      const path = isInside ? levels : [...levels, level];
      yield folderOf(inner, decodeMailboxName(path));
    }
    if (isDirectory && depth < MAX_DEPTH) {
      yield* foldersBelow(inner, [...levels, level], depth + 1);
    }
  }
}

/** Whether the file begins as an mbox does. */
async function isMbox(path: string): Promise<boolean> {
  using file = await Deno.open(path);
  const start = new Uint8Array(FROM.length);
  const count = await file.read(start);
  return count === FROM.length && start.every((byte, i) => byte === FROM[i]);
}

async function* messagesOf(path: string): AsyncGenerator<SourceMessage, void> {
  for await (const { bytes, offset } of split(path)) {
    const lineEnd = bytes.indexOf(LF);
    const line = new TextDecoder().decode(bytes.subarray(0, lineEnd));
    const message = unquote(bytes.subarray(lineEnd + 1));
    const { content, flags } = takeStatus(message);
    // Deleted in Thunderbird, and not yet compacted away.
    if (flags === undefined) continue;
    yield {
      key: String(offset),
      flags,
      date: dateOf(line),
      bytes: () => Promise.resolve(toCrlf(content)),
    };
  }
}

interface Piece {
  /** From its `From ` line to before the next. */
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/** Splits the file where `From ` stands at its start or after an empty line. */
async function* split(path: string): AsyncGenerator<Piece, void> {
  using file = await Deno.open(path);
  let held: Uint8Array = new Uint8Array(0);
  let offset = 0;
  let searched = 1;
  for (;;) {
    const next = findStart(held, searched);
    if (next >= 0) {
      yield { bytes: held.slice(0, next), offset };
      held = held.subarray(next);
      offset += next;
      searched = 1;
      continue;
    }
    searched = Math.max(1, held.length - FROM.length - 3);
    if (held.length > MAX_MESSAGE_BYTES) {
      throw new RangeError(`${path} has a message above 1 GiB, is it an mbox?`);
    }
    const chunk = new Uint8Array(Math.max(CHUNK_BYTES, held.length));
    const count = await file.read(chunk);
    if (count === null) break;
    const joined = new Uint8Array(held.length + count);
    joined.set(held);
    joined.set(chunk.subarray(0, count), held.length);
    held = joined;
  }
  if (held.length > 0) yield { bytes: held, offset };
}

/** Where the next message begins; -1 where none does. */
function findStart(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(FROM[0] ?? 0, from); at >= 0;) {
    if (
      bytes[at - 1] === LF && isBlankBefore(bytes, at - 1) &&
      FROM.every((byte, i) => bytes[at + i] === byte)
    ) return at;
    at = bytes.indexOf(FROM[0] ?? 0, at + 1);
  }
  return -1;
}

/** Whether the line that ends at `end` is empty. */
function isBlankBefore(bytes: Uint8Array, end: number): boolean {
  const before = bytes[end - 1];
  return before === LF || (before === 0x0d && bytes[end - 2] === LF);
}

/** `>From ` and `>>From ` lose one `>`; the empty line at the end goes. */
function unquote(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length);
  let to = 0;
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(LF, start);
    const end = found < 0 ? bytes.length : found + 1;
    let from = start;
    let quotes = start;
    while (bytes[quotes] === 0x3e) quotes++;
    const isQuoted = quotes > start &&
      FROM.every((byte, i) => bytes[quotes + i] === byte);
    if (isQuoted) from++;
    result.set(bytes.subarray(from, end), to);
    to += end - from;
    start = end;
  }
  const whole = result.subarray(0, to);
  // The empty line before the next message is not part of this one.
  if (whole.at(-1) !== LF) return whole;
  if (whole.at(-2) === LF) return whole.subarray(0, -1);
  const isCrlf = whole.at(-2) === 0x0d && whole.at(-3) === LF;
  return isCrlf ? whole.subarray(0, -2) : whole;
}

const STATUS_FIELDS = new Set([
  "status",
  "x-status",
  "x-keywords",
  "x-mozilla-status",
  "x-mozilla-status2",
  "x-mozilla-keys",
]);

/** Flags leave the header: here they are flags. `undefined`: no message. */
function takeStatus(
  message: Uint8Array,
): {
  readonly content: Uint8Array;
  readonly flags: readonly string[] | undefined;
} {
  const end = findHeaderEnd(message) ?? message.length;
  const header = new HeaderBlock(message.subarray(0, end));
  const value = (name: string): string => {
    const field = header.first(name);
    return field === undefined
      ? ""
      : new TextDecoder().decode(header.rawValue(field)).trim();
  };
  const mozilla = flagsOfMozilla(
    value("x-mozilla-status"),
    value("x-mozilla-keys"),
  );
  const plain = flagsOfStatus(
    value("status"),
    value("x-status"),
    value("x-keywords"),
  );
  const flags = mozilla && [...new Set([...plain, ...mozilla])];
  const rest = header.without(({ name }) => STATUS_FIELDS.has(name));
  if (rest.bytes.length === end) return { content: message, flags };
  const content = new Uint8Array(rest.bytes.length + message.length - end);
  content.set(rest.bytes);
  content.set(message.subarray(end), rest.bytes.length);
  return { content, flags };
}

const POSTMARK =
  /([A-Z][a-z]{2}) +([0-9]{1,2}) ([0-9:]{5,8}) (?:([+-][0-9]{4}) )?.*?([0-9]{4})\s*$/;

/**
 * `From sender Thu Jan  1 00:00:00 2026`, RFC 4155 appendix A; some write a zone
 * before the year.
 */
function dateOf(line: string): Date | undefined {
  const text = POSTMARK.exec(line);
  if (text === null) return undefined;
  const [, month = "", day = "", time = "", zone = "UTC", year = ""] = text;
  const parsed = Date.parse(`${day} ${month} ${year} ${time} ${zone}`);
  return Number.isNaN(parsed) ? undefined : new Date(parsed);
}

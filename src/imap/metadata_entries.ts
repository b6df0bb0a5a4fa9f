/**
 * Names of annotations on the wire, and METADATA responses. RFC 5464 section
 * 3.2, 4.4 and 5, RFC 9590 (LIST-METADATA).
 */
import type { MetadataEntry } from "./powers.ts";
import { MAX_METADATA_NAME, MAX_METADATA_NAMES } from "./metadata_limits.ts";
import type { Session } from "./session.ts";
import { asciiText, lowerAscii } from "./wire/ascii.ts";
import type { Cursor } from "./wire/cursor.ts";
import type { ResponseWriter } from "./wire/response_writer.ts";
import { encodeUtf8 } from "./wire/utf8.ts";

/** Below this nothing can be seen. */
const SPACE = 0x20;
const DELETE = 0x7f;

/** A name as the client writes it; they are the same in any case of letters. */
export interface EntryName {
  readonly given: string;
  /** In lower case. */
  readonly name: string;
}

/** What is asked for besides the names. RFC 5464 section 4.2.1 and 4.2.2. */
export interface MetadataOptions {
  readonly maxBytes: number;
  readonly depth: 0 | 1 | "infinity";
}

/** One name. */
export function parseEntryName(cursor: Cursor): EntryName {
  const bytes = cursor.astring();
  const isAscii = bytes.every((byte) => byte > SPACE && byte < DELETE);
  const given = asciiText(bytes);
  const name = lowerAscii(given);
  const isName = isAscii && bytes.length <= MAX_METADATA_NAME &&
    /^\/(?:private|shared)(?:\/[^/*%]+)*$/.test(name);
  if (!isName) cursor.fail("name of an entry");
  return { given, name };
}

/** One name, or several in parentheses. */
export function parseEntryNames(cursor: Cursor): EntryName[] {
  if (!cursor.atList) return [parseEntryName(cursor)];
  const names: EntryName[] = [];
  cursor.list(() => {
    if (names.length >= MAX_METADATA_NAMES) cursor.fail("fewer entries");
    names.push(parseEntryName(cursor));
  });
  return names;
}

/** `(MAXSIZE 1024 DEPTH 1)`. */
export function parseMetadataOptions(cursor: Cursor): MetadataOptions {
  let maxBytes = Infinity;
  let depth: MetadataOptions["depth"] = 0;
  cursor.list(() => {
    const word = cursor.word("option of GETMETADATA");
    cursor.sp();
    if (word === "MAXSIZE") maxBytes = cursor.number();
    else if (word === "DEPTH") {
      const value = cursor.word("depth");
      if (value === "0") depth = 0;
      else if (value === "1") depth = 1;
      else if (value === "INFINITY") depth = "infinity";
      else cursor.fail("0, 1 or infinity");
    } else cursor.fail("option of GETMETADATA");
  });
  return { maxBytes, depth };
}

/** What `writeMetadata` is asked. */
export interface MetadataRequest {
  /** `undefined`: of the server. */
  readonly mailbox: string | undefined;
  readonly names: readonly EntryName[];
  readonly options: MetadataOptions;
}

/**
 * Writes what there is; gives the size of the longest value that was left out
 * because of its size, or 0.
 */
export async function writeMetadata(
  session: Session,
  { mailbox, names, options }: MetadataRequest,
): Promise<number> {
  const { metadata } = session.services.backend.powers ?? {};
  const entries = await metadata?.get({
    account: session.account.id,
    mailbox,
    names: names.map(({ name }) => name),
    depth: options.depth,
  }) ?? [];
  const given = new Map(names.map((entry) => [entry.name, entry.given]));
  let longest = 0;
  const told: MetadataEntry[] = [];
  for (const entry of entries) {
    given.delete(entry.name);
    const size = entry.value?.length ?? 0;
    if (size > options.maxBytes) longest = Math.max(longest, size);
    else told.push(entry);
  }
  // Asked for by its own name, an entry that is not there is NIL.
  for (const name of options.depth === 0 ? given.keys() : []) {
    told.push({ name, value: undefined });
  }
  const spelled = new Map(names.map((entry) => [entry.name, entry.given]));
  if (told.length > 0) {
    writeEntries(session, mailbox ?? "", {
      entries: told,
      spell: (name) => spelled.get(name) ?? name,
    });
  }
  await session.out.relieve();
  return longest;
}

/** A name in its shortest form. */
export function writeEntryName(out: ResponseWriter, name: string): void {
  if (/^[a-z0-9/._+-]+$/i.test(name)) out.text(name);
  else out.string(encodeUtf8(name));
}

function writeEntries(
  { out }: Session,
  mailbox: string,
  { entries, spell }: {
    readonly entries: readonly MetadataEntry[];
    spell(name: string): string;
  },
): void {
  out.text("* METADATA ").mailbox(mailbox).text(" (");
  entries.forEach(({ name, value }, n) => {
    if (n > 0) out.text(" ");
    writeEntryName(out, spell(name));
    out.text(" ");
    if (value === undefined) out.text("NIL");
    // NUL can stand in no other string. RFC 9051 section 9, `literal8`.
    else if (value.includes(0)) out.text("~").literal(value);
    else out.string(value);
  });
  out.line(")");
}

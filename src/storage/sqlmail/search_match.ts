/** Decides a search key for one message by looking at it. */
import { StorageError } from "#src/errors/errors.ts";
import type { MailboxId, Uid } from "#src/imap/backend.ts";
import { bitOf, hasBit } from "#src/imap/flags.ts";
import type { SearchDate, SearchKey, UidRanges } from "#src/imap/search_key.ts";
import type { PartRange } from "#src/imap/summary.ts";
import type { Blobs } from "#src/module/roles/blobs.ts";
import type { Row, StorageDriver } from "../driver.ts";
import { bytes, number, optionalNumber, text } from "../row.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import { fold } from "../fulltext/fold_text.ts";
import { dayEnd, dayStart } from "./search_days.ts";
import { bodyReader } from "./content_body.ts";
import { contentOf } from "./place_messages.ts";
import { BodyText, HeaderText, writtenDay } from "./search_text.ts";

/** What a matcher works on. */
export interface MatchSource {
  readonly driver: StorageDriver;
  readonly blobs: Blobs;
}

/** What keys depend on besides the message. */
export interface MatchFacts {
  readonly keywords: readonly string[];
  readonly now: number;
}

/** Looks at messages for one search. */
export class Matcher {
  readonly #source: MatchSource;
  readonly #key: SearchKey;
  readonly #facts: MatchFacts;
  readonly #needsBody: boolean;

  constructor(source: MatchSource, key: SearchKey, facts: MatchFacts) {
    this.#source = source;
    this.#key = key;
    this.#facts = facts;
    this.#needsBody = mentionsBody(key);
  }

  /** Whether the message is there and matches. */
  async matches(mailbox: MailboxId, uid: Uid): Promise<boolean> {
    const body = this.#needsBody
      ? "c.structure, c.body_bytes, c.blob, b.bytes AS body, "
      : "";
    const bodies = this.#needsBody
      ? "LEFT JOIN bodies b ON b.content = c.id "
      : "";
    const row = await this.#source.driver.read(async (sql) =>
      await sql.one(
        `SELECT ${body}m.uid, m.modseq, m.flags, m.internal_date, ` +
          "m.saved_at, m.size_bytes, m.content, m.thread_id, " +
          "c.sent_at, c.header FROM messages m " +
          `JOIN contents c ON c.id = m.content ${bodies}` +
          "WHERE m.mailbox = ? AND m.uid = ?",
        [mailbox, uid],
      )
    );
    if (row === undefined) return false;
    const message = new Message(row, this.#source.blobs);
    try {
      return await holds(this.#key, message, this.#facts);
    } catch (error) {
      // The blob went away with the message.
      if (error instanceof StorageError && error.kind === "notFound") {
        return false;
      }
      throw error;
    }
  }
}

function mentionsBody(key: SearchKey): boolean {
  switch (key.kind) {
    case "and":
      return key.keys.some(mentionsBody);
    case "or":
      return mentionsBody(key.left) || mentionsBody(key.right);
    case "not":
      return mentionsBody(key.key);
    default:
      return key.kind === "body" || key.kind === "text";
  }
}

/** One message; what costs is done once and only when asked for. */
class Message {
  readonly row: Row;
  readonly #blobs: Blobs;
  #block: HeaderBlock | undefined;
  #header: HeaderText | undefined;
  #text: BodyText | undefined;

  constructor(row: Row, blobs: Blobs) {
    this.row = row;
    this.#blobs = blobs;
  }

  get block(): HeaderBlock {
    return this.#block ??= new HeaderBlock(bytes(this.row, "header"));
  }

  get header(): HeaderText {
    return this.#header ??= new HeaderText(this.block);
  }

  /** The readable parts. */
  get text(): BodyText {
    return this.#text ??= new BodyText(
      JSON.parse(text(this.row, "structure")) as PartRange,
      bodyReader(this.row, this.#blobs),
    );
  }
}

async function holds(
  key: SearchKey,
  message: Message,
  facts: MatchFacts,
): Promise<boolean> {
  switch (key.kind) {
    case "and":
      for (const each of key.keys) {
        if (!await holds(each, message, facts)) return false;
      }
      return true;
    case "or":
      return await holds(key.left, message, facts) ||
        await holds(key.right, message, facts);
    case "not":
      return !await holds(key.key, message, facts);
    case "address":
      return message.header.has(key.field, fold(key.text));
    case "subject":
      return message.header.has("subject", fold(key.text));
    case "header":
      return message.header.has(key.name, fold(key.text));
    case "body":
      return await message.text.includes(fold(key.text));
    case "text": {
      const wanted = fold(key.text);
      return message.header.includes(wanted) ||
        await message.text.includes(wanted);
    }
    default:
      return columnHolds(key, message, facts);
  }
}

/** Keys that columns decide too, for use inside of `or` and `not`. */
function columnHolds(
  key: SearchKey,
  { row, block }: Message,
  facts: MatchFacts,
): boolean {
  switch (key.kind) {
    case "all":
      return true;
    case "uid":
      return contains(key.ranges, number(row, "uid"));
    case "flag": {
      const bit = bitOf(key.flag, facts.keywords);
      return bit !== undefined && hasBit(number(row, "flags"), bit);
    }
    case "internalDate":
      return inDay(number(row, "internal_date"), key.op, key.date);
    case "sentDate": {
      const sent = writtenDay(block) ?? optionalNumber(row, "sent_at");
      return sent !== undefined && inDay(sent, key.op, key.date);
    }
    case "savedDate":
      return inDay(number(row, "saved_at"), key.op, key.date);
    case "emailId":
      return number(row, "content") === contentOf(key.id);
    case "threadId":
      return text(row, "thread_id") === key.id;
    case "within": {
      const limit = facts.now - key.seconds * 1_000;
      const date = number(row, "internal_date");
      return key.op === "older" ? date <= limit : date >= limit;
    }
    case "size":
      return key.op === "larger"
        ? number(row, "size_bytes") > key.bytes
        : number(row, "size_bytes") < key.bytes;
    case "modseq":
      return number(row, "modseq") >= key.value;
    default:
      return false;
  }
}

function inDay(
  instant: number,
  op: "before" | "on" | "since",
  date: SearchDate,
): boolean {
  const start = dayStart(date);
  if (op === "before") return instant < start;
  return instant >= start && (op === "since" || instant < dayEnd(date));
}

function contains(ranges: UidRanges, uid: Uid): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = ranges[middle] ?? [0, 0];
    if (uid < first) high = middle - 1;
    else if (uid > last) low = middle + 1;
    else return true;
  }
  return false;
}

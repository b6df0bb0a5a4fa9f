/**
 * What SORT and THREAD compare of a content, and its written date. RFC 5256
 * sections 2 and 3, RFC 5957 section 3. Kept in the search database; computed
 * from the header where that is behind.
 */
import { createHash } from "node:crypto";
import type {
  HeaderAddress,
  HeaderMailbox,
} from "#src/address/header_address.ts";
import { mailboxText } from "#src/address/display_address.ts";
import { decodeUnknown } from "#src/message/charset.ts";
import { decodeHeaderText } from "#src/message/encoded_word.ts";
import type { HeaderBlock } from "#src/message/header_block.ts";
import { parseMessageIds } from "#src/message/message_ids.ts";
import { envelopeFields } from "#src/imap/format_envelope.ts";
import type { SqlValue } from "../driver.ts";
import { collationKey } from "../fulltext/fold_text.ts";
import { writtenDay } from "./search_text.ts";

/** Longest key by which is sorted. */
const MAX_KEY = 256;

/** Threading fields that are read, in bytes. */
const MAX_REFERENCES = 16 * 1024;

/** References that are kept: the first ones and the last. */
const MAX_IDS = 100;

/** Facts of one content. Text is folded: `<` orders it. */
export interface MessageFacts {
  /** Of the Date field; `undefined` where there is none. */
  readonly sentAt: number | undefined;
  /** Midnight UTC of the day it names in its own zone. */
  readonly sentDay: number | undefined;
  /** Base subject. */
  readonly subject: string;
  /** Whether the subject says that it replies or forwards. */
  readonly replies: boolean;
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  readonly displayFrom: string;
  readonly displayTo: string;
  /** Hash of the Message-ID; 0 where there is none. */
  readonly messageId: number;
  /** Hashes of References, else of In-Reply-To; oldest first. */
  readonly references: readonly number[];
}

/** Facts of a header; `row` has what is stored beside it. */
export function factsOf(
  header: HeaderBlock,
  row: { readonly sentAt: number | undefined; readonly baseSubject: string },
): MessageFacts {
  const fields = envelopeFields(header);
  const { subject, from, to, cc, references, inReplyTo } = fields;
  const ids = references === undefined ? [] : idsOf(references);
  return {
    sentAt: row.sentAt,
    sentDay: writtenDay(header) ??
      (row.sentAt === undefined ? undefined : dayOf(row.sentAt)),
    subject: key(row.baseSubject),
    replies: subject !== undefined &&
      saysReply(decodeHeaderText(subject.subarray(0, 4_096))),
    from: mailboxKey(from),
    to: mailboxKey(to),
    cc: mailboxKey(cc),
    displayFrom: displayKey(from),
    displayTo: displayKey(to),
    messageId: fields.messageId === undefined
      ? 0
      : idsOf(fields.messageId)[0] ?? 0,
    // RFC 5256 section 3: In-Reply-To only where References has nothing.
    references: ids.length > 0 || inReplyTo === undefined
      ? ids
      : idsOf(inReplyTo).slice(0, 1),
  };
}

const DAY_MS = 86_400_000;

function dayOf(instant: number): number {
  return Math.floor(instant / DAY_MS) * DAY_MS;
}

function key(text: string): string {
  return collationKey(text.slice(0, MAX_KEY));
}

/** RFC 5256 section 2.1: what makes the base subject one of a reply. */
function saysReply(subject: string): boolean {
  const text = subject.slice(0, 500);
  return /^\s*(?:\[[^[\]]*\]\s*)*(?:re|fwd?)\s*(?:\[[^[\]]*\]\s*)?:/i.test(
    text,
  ) || /\(fwd\)\s*$/i.test(text) || /^\s*\[fwd:.*\]\s*$/i.test(text);
}

/** `addr-mailbox` of the first address; the name of a group counts as one. */
function mailboxKey(list: readonly HeaderAddress[]): string {
  const [first] = list;
  if (first === undefined || first.kind === "groupEnd") return "";
  return key(
    decodeUnknown(first.kind === "mailbox" ? first.mailbox : first.name),
  );
}

/** RFC 5957 section 3: the display name, else the address. */
function displayKey(list: readonly HeaderAddress[]): string {
  const [first] = list;
  if (first === undefined || first.kind === "groupEnd") return "";
  const name = first.name === undefined ? "" : key(
    decodeHeaderText(first.name),
  );
  if (name !== "" || first.kind === "groupStart") return name;
  return key(mailboxText(first satisfies HeaderMailbox));
}

/** Hashes of message ids, 52 bits: two different ones never meet by chance. */
function idsOf(field: Uint8Array): number[] {
  const ids = parseMessageIds(field.subarray(0, MAX_REFERENCES));
  const kept = ids.length <= MAX_IDS
    ? ids
    : [...ids.slice(0, 10), ...ids.slice(10 - MAX_IDS)];
  return kept.map(hashOf);
}

function hashOf(id: string): number {
  const hash = createHash("sha256").update(id).digest();
  // Never 0, which stands for none.
  return hash.readUIntBE(0, 6) * 16 + (hash.readUInt8(6) >> 4) + 1;
}

/** Columns of the table `facts` besides `id`, in the order of `factsRow`. */
export const FACT_NAMES = [
  "sent_at",
  "sent_day",
  "subject",
  "replies",
  "sort_from",
  "sort_to",
  "sort_cc",
  "display_from",
  "display_to",
  "message_id",
  "reference_ids",
] as const;

/** One of them. */
export type FactName = typeof FACT_NAMES[number];

/** Values of the columns `FACT_NAMES`. */
export function factsRow(facts: MessageFacts): SqlValue[] {
  const { references } = facts;
  return [
    facts.sentAt ?? null,
    facts.sentDay ?? null,
    facts.subject,
    facts.replies ? 1 : 0,
    facts.from,
    facts.to,
    facts.cc,
    facts.displayFrom,
    facts.displayTo,
    facts.messageId,
    new Uint8Array(Float64Array.from(references).buffer),
  ];
}

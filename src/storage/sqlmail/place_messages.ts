/** Operations that put messages into mailboxes: content first, then copies. */
import { createHash, randomBytes } from "node:crypto";
import { StorageError } from "#src/errors/errors.ts";
import {
  type FlagSet,
  type MailboxId,
  MAX_KEYWORDS,
  type Uid,
} from "#src/imap/backend.ts";
import { DELETED_BIT, flagSetOf, hasBit, SEEN_BIT } from "#src/imap/flags.ts";
import type { MessageSummary } from "#src/imap/summary.ts";
import { number } from "../row.ts";
import type { MailboxState } from "./mailbox_state.ts";
import type { WriteContext } from "./write_context.ts";

/** The last UID that IMAP can write; RFC 9051 section 9, `uniqueid`. */
const MAX_UID = 2 ** 32 - 1;

/** A body as it is stored. */
export type StoredBody =
  | { readonly kind: "inline"; readonly bytes: Uint8Array }
  | { readonly kind: "blob"; readonly hash: string; readonly size: number };

/** A message as it is stored, shared by its copies. */
export interface NewContent {
  readonly header: Uint8Array;
  readonly body: StoredBody;
  readonly summary: MessageSummary;
}

/** One copy of a content in one mailbox. */
export interface Copy {
  readonly content: number;
  readonly flags: FlagSet;
  readonly internalDate: number;
  readonly savedAt: number;
  readonly headerBytes: number;
  readonly sizeBytes: number;
  readonly threadId: string;
}

/** Length of a body. */
export function bodySize(body: StoredBody): number {
  return body.kind === "inline" ? body.bytes.length : body.size;
}

/**
 * RFC 8474 section 5.2: the same for all messages of a thread. The first
 * reference is the root of a thread, so its hash names the thread without a
 * search; a message without a Message-ID is a thread of its own.
 */
export function threadIdOf(summary: MessageSummary): string {
  const root = summary.references[0] ?? summary.messageId;
  if (root === "") return `T${randomBytes(12).toString("hex")}`;
  return `T${createHash("sha256").update(root).digest("hex").slice(0, 24)}`;
}

/** RFC 8474 section 5.1: the same for all copies of a message. */
export function emailIdOf(content: number): string {
  return `M${content.toString(36)}`;
}

/** The content that an EMAILID names; `undefined`: none ever did. */
export function contentOf(emailId: string): number | undefined {
  if (!/^M[0-9a-z]{1,11}$/.test(emailId)) return undefined;
  return Number.parseInt(emailId.slice(1), 36);
}

const INSERT_CONTENT =
  "INSERT INTO contents (uses, header_bytes, body_bytes, " +
  "blob, sent_at, has_attachment, message_id, base_subject, sort_from, " +
  "sort_to, sort_cc, preview, envelope, body_structure, body_basic, " +
  "structure, reference_ids, header) VALUES " +
  "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id";

const INSERT_BODY = "INSERT INTO bodies (content, bytes) VALUES (?, ?)";

/** Stores a content for `uses` copies; gives its id. */
export async function insertContent(
  context: WriteContext,
  { header, body, summary }: NewContent,
  uses: number,
): Promise<number> {
  const row = await context.returning(INSERT_CONTENT, [
    uses,
    header.length,
    bodySize(body),
    body.kind === "blob" ? body.hash : null,
    summary.sentAt ?? null,
    summary.hasAttachment ? 1 : 0,
    summary.messageId,
    summary.baseSubject,
    summary.sortFrom,
    summary.sortTo,
    summary.sortCc,
    summary.preview,
    summary.envelope,
    summary.bodyStructure,
    summary.bodyBasic,
    JSON.stringify(summary.structure),
    summary.references.join(" "),
    header,
  ]);
  if (row === undefined) throw new StorageError("corrupt", "No id for content");
  const id = number(row, "id");
  if (body.kind === "inline") await context.run(INSERT_BODY, [id, body.bytes]);
  return id;
}

const INSERT_MESSAGE = "INSERT INTO messages (mailbox, uid, modseq, flags, " +
  "internal_date, saved_at, size_bytes, header_bytes, content, thread_id) " +
  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/** Puts a copy into a mailbox that is being changed; gives its UID. */
export async function insertCopy(
  context: WriteContext,
  state: MailboxState,
  copy: Copy,
): Promise<Uid> {
  const uid = state.uidNext;
  if (uid > MAX_UID) throw new StorageError("limit", "The mailbox has no UIDs");
  await context.run(INSERT_MESSAGE, [
    state.id,
    uid,
    state.highestModSeq,
    copy.flags,
    copy.internalDate,
    copy.savedAt,
    copy.sizeBytes,
    copy.headerBytes,
    copy.content,
    copy.threadId,
  ]);
  state.uidNext = uid + 1;
  state.messages++;
  state.sizeBytes += copy.sizeBytes;
  state.usage.messages++;
  state.usage.sizeBytes += copy.sizeBytes;
  countFlags(state, copy, 1);
  return uid;
}

/** Adds (1) or takes away (-1) a message's part in the counters of flags. */
export function countFlags(
  state: MailboxState,
  { flags, sizeBytes }: Pick<Copy, "flags" | "sizeBytes">,
  by: 1 | -1,
): void {
  if (!hasBit(flags, SEEN_BIT)) state.unseen += by;
  if (!hasBit(flags, DELETED_BIT)) return;
  state.deleted += by;
  state.deletedBytes += by * sizeBytes;
}

/** Flags with a bit in the mailbox; keywords that are new get one. */
export async function flagsFor(
  context: WriteContext,
  mailbox: MailboxId,
  flags: readonly string[],
): Promise<FlagSet> {
  if (flags.length === 0) return 0;
  await context.addKeywords(mailbox, flags);
  return flagSetOf(flags, (await context.mailbox(mailbox)).keywords);
}

/**
 * As `flagsFor`; keywords for which the mailbox has no room are left out, since
 * mail counts more than its labels. RFC 9051 section 6.4.7: SHOULD be kept.
 */
export async function fittingFlags(
  context: WriteContext,
  mailbox: MailboxId,
  flags: readonly string[],
): Promise<FlagSet> {
  if (flags.length === 0) return 0;
  const { keywords } = await context.mailbox(mailbox);
  let room = MAX_KEYWORDS - keywords.length;
  const known = new Set(keywords.map((name) => name.toLowerCase()));
  const fitting = flags.filter((flag) => {
    const name = flag.toLowerCase();
    if (flag.startsWith("\\") || known.has(name)) return true;
    if (room === 0) return false;
    room--;
    known.add(name);
    return true;
  });
  return await flagsFor(context, mailbox, fitting);
}

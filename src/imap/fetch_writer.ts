/**
 * FETCH responses. RFC 9051 section 7.5.2. Bytes come from stored columns where
 * they can, else they are streamed from the store with back-pressure: a literal
 * of any length costs one chunk of memory.
 */
import { StorageError } from "#src/errors/errors.ts";
import type { FetchedMessage } from "./backend.ts";
import type { FetchItem, SectionItem, SimpleItem } from "./fetch_item.ts";
import type { FetchPlan } from "./fetch_plan.ts";
import { cut, locate, type Located, pickFields } from "./fetch_section.ts";
import { MAX_INNER_HEADER_BYTES } from "./limits.ts";
import type { Session } from "./session.ts";
import { StreamLost } from "./stream_lost.ts";
import type { PartRange } from "./summary.ts";
import { formatDateTime } from "./wire/date_time.ts";

/** What one response says besides the items asked for. */
export interface FetchExtras {
  /** `UID FETCH`: the UID is always told. */
  readonly uid: boolean;
  /** Flags were changed by this very command. */
  readonly flags: boolean;
  readonly modSeq: boolean;
}

/** Writes a response from what the view knows. */
export function writeFromView(
  session: Session,
  uid: number,
  plan: FetchPlan,
  extras: FetchExtras,
): void {
  const words = viewWords(session, uid, plan, extras);
  const seq = session.selected.seqOf(uid);
  session.out.text(`* ${seq} FETCH (${words.join(" ")})\r\n`);
}

/** Writes a response with stored columns and bytes. */
export async function writeFetched(
  session: Session,
  message: FetchedMessage,
  plan: FetchPlan,
  extras: FetchExtras,
): Promise<void> {
  const { out, selected } = session;
  const words = viewWords(session, message.uid, plan, extras);
  out.text(`* ${selected.seqOf(message.uid)} FETCH (${words.join(" ")}`);
  let isFirst = words.length === 0;
  const root = message.structure === undefined
    ? undefined
    : JSON.parse(message.structure) as PartRange;
  for (const item of plan.items) {
    if (item.kind === "simple" && isViewItem(item.name)) continue;
    if (!isFirst) out.text(" ");
    isFirst = false;
    if (item.kind === "simple") writeSimple(session, message, item.name);
    else await writeSection(session, message, item, root);
  }
  out.text(")\r\n");
}

function isViewItem(name: SimpleItem): boolean {
  return name === "UID" || name === "FLAGS" || name === "MODSEQ";
}

function viewWords(
  session: Session,
  uid: number,
  plan: FetchPlan,
  extras: FetchExtras,
): string[] {
  const { selected } = session;
  const words: string[] = [];
  const asks = (name: SimpleItem): boolean =>
    plan.items.some((item: FetchItem) =>
      item.kind === "simple" && item.name === name
    );
  if (extras.uid || asks("UID")) words.push(`UID ${uid}`);
  if (extras.flags || plan.hasFlags) {
    words.push(`FLAGS ${session.flagList(uid)}`);
    selected.noteTold(uid);
  }
  if (extras.modSeq || plan.hasModSeq) {
    words.push(`MODSEQ (${selected.modSeqOf(uid)})`);
  }
  return words;
}

function writeSimple(
  session: Session,
  message: FetchedMessage,
  name: SimpleItem,
): void {
  const { out } = session;
  out.text(`${name} `);
  switch (name) {
    case "INTERNALDATE":
      out.text(formatDateTime(message.internalDate));
      break;
    case "RFC822.SIZE":
      out.text(`${message.sizeBytes}`);
      break;
    case "ENVELOPE":
      out.bytes(stored(message.envelope));
      break;
    case "BODY":
      out.bytes(stored(message.bodyBasic));
      break;
    case "BODYSTRUCTURE":
      out.bytes(stored(message.bodyStructure));
      break;
    case "UID":
    case "FLAGS":
    case "MODSEQ":
      break;
  }
}

/** A column that was asked for. */
function stored(column: Uint8Array | undefined): Uint8Array {
  if (column === undefined) {
    throw new StorageError("corrupt", "A column is missing");
  }
  return column;
}

/** `BODY[1]<0> {5}` and the bytes, or NIL. */
async function writeSection(
  session: Session,
  message: FetchedMessage,
  item: SectionItem,
  root: PartRange | undefined,
): Promise<void> {
  const { out } = session;
  const origin = item.partial === undefined ? "" : `<${item.partial.offset}>`;
  const label = `${item.label}${origin} `;
  const located = locate(item, message, root);
  if (located === undefined) {
    out.text(`${label}NIL`);
    return;
  }
  if (item.what === "fields" || item.what === "fieldsNot") {
    const header = await readAll(session, message, located);
    const picked = header && pickFields(header, item);
    if (picked === undefined) out.text(`${label}NIL`);
    else out.text(label).literal(slice(picked, item.partial));
    return;
  }
  await writeRange(session, message, label, cut(located, item.partial));
}

function slice(
  bytes: Uint8Array,
  partial: SectionItem["partial"],
): Uint8Array {
  if (partial === undefined) return bytes;
  return bytes.subarray(partial.offset, partial.offset + partial.count);
}

/** Writes a range from memory, or streams it. */
async function writeRange(
  session: Session,
  message: FetchedMessage,
  label: string,
  range: Located,
): Promise<void> {
  const { out } = session;
  const size = range.end - range.start;
  const pieces = inMemory(message, range);
  if (pieces !== undefined) {
    out.text(`${label}{${size}}\r\n`);
    for (const piece of pieces) out.bytes(piece);
    return;
  }
  const stream = await tryOpen(session, message.uid, range);
  if (stream === undefined) {
    out.text(`${label}NIL`);
    return;
  }
  out.text(`${label}{${size}}\r\n`);
  let sent = 0;
  try {
    for await (const chunk of stream) {
      sent += chunk.length;
      if (sent > size) break;
      out.bytes(chunk);
      await out.relieve();
    }
  } catch (cause) {
    throw new StreamLost("A literal broke off", { cause });
  }
  if (sent !== size) {
    throw new StreamLost("A literal has another length than announced", {
      fields: { uid: message.uid, size, sent },
    });
  }
}

/** The bytes of a range where they came with the columns. */
function inMemory(
  message: FetchedMessage,
  { of, start, end }: Located,
): Uint8Array[] | undefined {
  if (start === end) return [];
  const { header, body, headerBytes } = message;
  if (of === "header") return header && [header.subarray(start, end)];
  if (of === "body") return body && [body.subarray(start, end)];
  const pieces: Uint8Array[] = [];
  if (start < headerBytes) {
    if (header === undefined) return undefined;
    pieces.push(header.subarray(start, Math.min(end, headerBytes)));
  }
  if (end > headerBytes) {
    if (body === undefined) return undefined;
    const from = Math.max(0, start - headerBytes);
    pieces.push(body.subarray(from, end - headerBytes));
  }
  return pieces;
}

/** A short range as one run of bytes; `undefined` where it can not be had. */
async function readAll(
  session: Session,
  message: FetchedMessage,
  range: Located,
): Promise<Uint8Array | undefined> {
  const [piece] = inMemory(message, range) ?? [];
  if (piece !== undefined) return piece;
  const end = Math.min(range.end, range.start + MAX_INNER_HEADER_BYTES);
  const stream = await tryOpen(session, message.uid, { ...range, end });
  if (stream === undefined) return undefined;
  const bytes = new Uint8Array(end - range.start);
  let at = 0;
  for await (const chunk of stream) {
    const fitting = chunk.subarray(0, bytes.length - at);
    bytes.set(fitting, at);
    at += fitting.length;
  }
  return bytes.subarray(0, at);
}

/** The bytes of a message; `undefined` where it was expunged meanwhile. */
async function tryOpen(
  session: Session,
  uid: number,
  range: Located,
): Promise<ReadableStream<Uint8Array> | undefined> {
  const { backend } = session.services;
  try {
    return await backend.open(session.selected.view.mailbox, uid, range);
  } catch (error) {
    if (error instanceof StorageError && error.kind === "notFound") {
      return undefined;
    }
    throw error;
  }
}

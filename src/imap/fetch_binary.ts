/**
 * `BINARY[...]` and `BINARY.SIZE[...]`: content without its transfer encoding.
 * RFC 3516 section 4.2 and 4.3, RFC 9051 section 6.4.5.
 *
 * The length has to be announced before the first byte, so content that is not
 * in memory is decoded twice: once to measure it, once to send it. A literal8
 * is used only where there is a NUL in it (RFC 3516 erratum 3978).
 */
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import {
  decodeTransfer,
  decodeTransferStream,
} from "#src/message/decode_part.ts";
import type { FetchedMessage } from "./backend.ts";
import { ImapError } from "./errors.ts";
import { inMemory, sendStream, tryOpen } from "./fetch_bytes.ts";
import type { BinaryItem, Partial } from "./fetch_item.ts";
import { findPart, locate, type Located } from "./fetch_section.ts";
import type { Session } from "./session.ts";
import type { PartRange } from "./summary.ts";

/** RFC 2045 section 6: these change nothing, or are undone here. */
const KNOWN_ENCODINGS: ReadonlySet<string> = new Set([
  "7bit",
  "8bit",
  "binary",
  "base64",
  "quoted-printable",
]);

/** Encodings that leave the content as it is. */
const IDENTITY = "binary";

/**
 * `NO [UNKNOWN-CTE]` where content can not be decoded. Asked before the response
 * is begun. RFC 3516 section 4.3.
 */
export function checkEncoding(
  item: BinaryItem,
  root: PartRange | undefined,
): void {
  if (KNOWN_ENCODINGS.has(encodingOf(item, root))) return;
  throw new ImapError("NO", "The encoding is not known", "UNKNOWN-CTE");
}

function encodingOf(item: BinaryItem, root: PartRange | undefined): string {
  if (item.part.length === 0 || root === undefined) return IDENTITY;
  const part = findPart(root, item.part);
  // RFC 2045 section 6.4: what has parts is never encoded as a whole.
  const isWhole = part?.children !== undefined || part?.message !== undefined;
  return part === undefined || isWhole ? IDENTITY : part.encoding;
}

/** Writes the item. */
export async function writeBinary(
  session: Session,
  message: FetchedMessage,
  item: BinaryItem,
  root: PartRange | undefined,
): Promise<void> {
  const { out } = session;
  const encoding = encodingOf(item, root);
  const range = locate({ part: item.part, what: "all" }, message, root);
  if (item.what === "size") {
    const size = range === undefined
      ? 0
      : await sizeOf(session, message, range, encoding);
    out.text(`${item.label} ${size}`);
    return;
  }
  const { partial } = item;
  out.text(
    `${item.label}${partial === undefined ? "" : `<${partial.offset}>`} `,
  );
  if (range === undefined) {
    out.text("NIL");
    return;
  }
  const pieces = inMemory(message, range);
  if (pieces === undefined) {
    await streamDecoded(session, message, { range, encoding, partial });
    return;
  }
  const content = slice(
    decodeTransfer(concatBytes([...pieces]), encoding),
    partial,
  );
  if (content.includes(0)) out.text("~");
  out.literal(content);
}

async function sizeOf(
  session: Session,
  message: FetchedMessage,
  range: Located,
  encoding: string,
): Promise<number> {
  const isIdentity = encoding !== "base64" && encoding !== "quoted-printable";
  if (isIdentity) return range.end - range.start;
  const pieces = inMemory(message, range);
  if (pieces !== undefined) {
    return decodeTransfer(concatBytes([...pieces]), encoding).length;
  }
  const decoded = await openDecoded(session, message.uid, range, encoding);
  return decoded === undefined ? 0 : (await measure(decoded, undefined)).size;
}

async function streamDecoded(
  session: Session,
  message: FetchedMessage,
  { range, encoding, partial }: {
    readonly range: Located;
    readonly encoding: string;
    readonly partial: Partial | undefined;
  },
): Promise<void> {
  const { out } = session;
  const { uid } = message;
  const first = await openDecoded(session, uid, range, encoding);
  const measured = first && await measure(first, partial);
  const second = measured && await openDecoded(session, uid, range, encoding);
  if (measured === undefined || second === undefined) {
    out.text("NIL");
    return;
  }
  const { size, hasNul } = measured;
  out.text(`${hasNul ? "~" : ""}{${size}}\r\n`);
  await sendStream(session, window(second, partial), { uid, size });
}

async function openDecoded(
  session: Session,
  uid: number,
  range: Located,
  encoding: string,
): Promise<ReadableStream<Uint8Array> | undefined> {
  const stream = await tryOpen(session, uid, range);
  return stream && decodeTransferStream(stream, encoding);
}

/** Length of the content in the window, and whether there is a NUL in it. */
async function measure(
  stream: ReadableStream<Uint8Array>,
  partial: Partial | undefined,
): Promise<{ readonly size: number; readonly hasNul: boolean }> {
  let size = 0;
  let hasNul = false;
  for await (const chunk of window(stream, partial)) {
    size += chunk.length;
    hasNul ||= chunk.includes(0);
  }
  return { size, hasNul };
}

/** The bytes that a partial asks for; reads no further. */
async function* window(
  stream: ReadableStream<Uint8Array>,
  partial: Partial | undefined,
): AsyncGenerator<Uint8Array, void> {
  let skip = partial?.offset ?? 0;
  let left = partial?.count ?? Infinity;
  for await (const chunk of stream) {
    const from = Math.min(skip, chunk.length);
    skip -= from;
    const part = chunk.subarray(from, Math.min(chunk.length, from + left));
    left -= part.length;
    if (part.length > 0) yield part;
    if (left === 0) return;
  }
}

function slice(bytes: Uint8Array, partial: Partial | undefined): Uint8Array {
  if (partial === undefined) return bytes;
  return bytes.subarray(partial.offset, partial.offset + partial.count);
}

/**
 * Content with NUL in it, as a literal8 may bring it. RFC 3516 section 4.4.
 *
 * BODY[] can not carry a NUL (RFC 9051 section 9, CHAR8), so parts that hold one
 * are stored in Base64: the RFC lets the server change the encoding where
 * nothing is lost, and BINARY[] gives the very same bytes back. Messages
 * without NUL are never touched.
 */
import { encodeBase64 } from "#src/bytes/base64.ts";
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import { type Body, MemoryBody } from "#src/message/body.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import { ImapError } from "./errors.ts";
import { APPEND_MEMORY_BYTES, MAX_INNER_HEADER_BYTES } from "./limits.ts";
import type { PartRange } from "./summary.ts";
import { asciiBytes } from "./wire/ascii.ts";

/** Bytes of a line of Base64. */
const LINE_BYTES = 57;

const IDENTITY: ReadonlySet<string> = new Set(["7bit", "8bit", "binary"]);
const FIELD = asciiBytes("Content-Transfer-Encoding: base64\r\n");

/** A message. */
interface Message {
  readonly header: Uint8Array;
  readonly body: Body;
}

/** A part that is to be encoded, with its new header. */
interface Change {
  readonly part: PartRange;
  readonly header: Uint8Array;
}

/**
 * The message without NUL; `undefined` where it has none. `NO [UNKNOWN-CTE]`
 * where a NUL stands in a header, between parts, or in what is encoded already.
 */
export async function withoutNul(
  header: Uint8Array,
  body: Body,
  root: PartRange,
): Promise<Message | undefined> {
  if (header.includes(0)) throw cannot();
  const parts = await partsWithNul(body, leaves(root));
  if (parts.length === 0) return undefined;
  if (parts[0] === root) {
    const encoded = new EncodedBody(body, [{ part: root, header: NONE }]);
    return { header: withField(header), body: await held(encoded) };
  }
  let headerBytes = 0;
  for (const { headerStart, bodyStart } of parts) {
    headerBytes += bodyStart - headerStart;
  }
  if (headerBytes > MAX_INNER_HEADER_BYTES) throw cannot();
  const changes = await changesOf(body, parts);
  return { header, body: await held(new EncodedBody(body, changes)) };
}

const NONE = new Uint8Array(0);

/** Short ones are held in memory, so that they are encoded once. */
async function held(body: Body): Promise<Body> {
  if (body.size > APPEND_MEMORY_BYTES) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.open()) chunks.push(chunk);
  return new MemoryBody(concatBytes(chunks));
}

function cannot(): ImapError {
  return new ImapError("NO", "A NUL stands where it can not", "UNKNOWN-CTE");
}

/** Parts without parts, in the order of the message. */
function leaves(part: PartRange): PartRange[] {
  if (part.message !== undefined) return leaves(part.message);
  if (part.children === undefined) return [part];
  return part.children.flatMap(leaves);
}

/** Those of `parts` that hold a NUL. */
async function partsWithNul(
  body: Body,
  parts: readonly PartRange[],
): Promise<PartRange[]> {
  const found: PartRange[] = [];
  let next = 0;
  let base = 0;
  // What follows in a part that was found is of no interest.
  let skipUntil = 0;
  for await (const chunk of body.open()) {
    let at = chunk.indexOf(0, Math.max(0, skipUntil - base));
    while (at >= 0) {
      const offset = base + at;
      while ((parts[next]?.bodyEnd ?? Infinity) <= offset) next++;
      const part = parts[next];
      const isInside = part !== undefined && part.bodyStart <= offset &&
        IDENTITY.has(part.encoding);
      if (!isInside) throw cannot();
      found.push(part);
      skipUntil = part.bodyEnd;
      at = chunk.indexOf(0, Math.max(at + 1, skipUntil - base));
    }
    base += chunk.length;
  }
  return found;
}

/** New headers of the parts, in one pass. */
async function changesOf(
  body: Body,
  parts: readonly PartRange[],
): Promise<Change[]> {
  const headers = parts.map(({ headerStart, bodyStart }) =>
    new Uint8Array(bodyStart - headerStart)
  );
  let next = 0;
  let base = 0;
  for await (const chunk of body.open()) {
    const end = base + chunk.length;
    for (let n = next; n < parts.length; n++) {
      const { headerStart, bodyStart } = parts[n] ?? NOWHERE;
      if (headerStart >= end) break;
      const from = Math.max(headerStart, base);
      const to = Math.min(bodyStart, end);
      if (from < to) {
        const part = chunk.subarray(from - base, to - base);
        headers[n]?.set(part, from - headerStart);
      }
      if (bodyStart <= end) next = n + 1;
    }
    base = end;
  }
  return parts.map((part, n) => ({
    part,
    header: withField(headers[n] ?? NONE),
  }));
}

const NOWHERE = { headerStart: Infinity, bodyStart: Infinity };

/** The header with that encoding instead of another. */
function withField(header: Uint8Array): Uint8Array {
  const block = new HeaderBlock(header)
    .without(({ name }) => name === "content-transfer-encoding");
  const at = block.fields.at(-1)?.end ?? 0;
  const { bytes } = block;
  return concatBytes([bytes.subarray(0, at), FIELD, bytes.subarray(at)]);
}

/** A body of which some parts are encoded as they are read. */
class EncodedBody implements Body {
  readonly size: number;
  readonly #body: Body;
  readonly #changes: readonly Change[];

  constructor(body: Body, changes: readonly Change[]) {
    this.#body = body;
    this.#changes = changes;
    let size = body.size;
    for (const { part, header } of changes) {
      const raw = part.bodyEnd - part.bodyStart;
      const lines = Math.ceil(raw / LINE_BYTES);
      size += header.length - (part.bodyStart - part.headerStart);
      size += Math.ceil(raw / 3) * 4 + (lines - 1) * 2 - raw;
    }
    this.size = size;
  }

  open(): ReadableStream<Uint8Array> {
    return ReadableStream.from(this.#chunks());
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void> {
    const changes = this.#changes.values();
    let change = changes.next().value;
    let encoder: LineEncoder | undefined;
    let base = 0;
    for await (const chunk of this.#body.open()) {
      let at = 0;
      const until = (offset: number): Uint8Array => {
        const from = at;
        at = Math.min(chunk.length, offset - base);
        return chunk.slice(from, at);
      };
      while (at < chunk.length) {
        if (change === undefined) {
          yield until(Infinity);
          continue;
        }
        const { headerStart, bodyStart, bodyEnd } = change.part;
        if (base + at < headerStart) yield until(headerStart);
        else if (base + at < bodyStart) until(bodyStart);
        else {
          if (encoder === undefined) yield change.header;
          encoder ??= new LineEncoder();
          yield encoder.write(until(bodyEnd));
          if (base + at < bodyEnd) continue;
          yield encoder.end();
          encoder = undefined;
          change = changes.next().value;
        }
      }
      base += chunk.length;
    }
  }
}

/** Base64 in lines; no line break after the last one. */
class LineEncoder {
  #rest: Uint8Array = NONE;
  #isFirst = true;

  write(chunk: Uint8Array): Uint8Array {
    const all = this.#rest.length === 0
      ? chunk
      : concatBytes([this.#rest, chunk]);
    const whole = all.length - all.length % LINE_BYTES;
    this.#rest = all.slice(whole);
    return this.#encode(all.subarray(0, whole));
  }

  end(): Uint8Array {
    return this.#encode(this.#rest);
  }

  #encode(bytes: Uint8Array): Uint8Array {
    let text = "";
    for (let at = 0; at < bytes.length; at += LINE_BYTES) {
      if (!this.#isFirst) text += "\r\n";
      this.#isFirst = false;
      text += encodeBase64(bytes.subarray(at, at + LINE_BYTES));
    }
    return asciiBytes(text);
  }
}

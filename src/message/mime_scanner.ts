/**
 * Finds the MIME structure of a body as it arrives. RFC 2045, RFC 2046 section
 * 5.1 (multipart) and 5.2.1 (message/rfc822). Nothing is decoded here.
 *
 * Memory is bounded whatever comes: only part headers are kept, up to limits,
 * and the start of the first readable text where asked for. Time is linear in
 * the input. What passes a limit is read as content of the part at hand.
 */
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import { decodeLatin1 } from "#src/bytes/latin1.ts";
import { HeaderBlock } from "./header_block.ts";
import { boundaryOf, describePart } from "./_describe_part.ts";
import type { MimePart } from "./mime_part.ts";

const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const TAB = 0x09;
const HYPHEN = 0x2d;

/** Multiparts and messages inside each other; people reach about ten. */
const MAX_DEPTH = 100;
/** Parts of one message; digests of a busy list have some hundred. */
const MAX_PARTS = 10_000;
/** Header bytes kept of one part. */
const MAX_PART_HEADER = 64 * 1024;
/** Header bytes kept of all parts together. */
const MAX_ALL_HEADERS = 4 * 1024 * 1024;
/** Longest line looked at as a boundary: RFC 2046 allows 70 and padding. */
const MAX_BOUNDARY_LINE = 1_024;

/** What a scanner can be told. */
export interface MimeScannerOptions {
  /** Type of a root without Content-Type is text/plain; here of a digest. */
  readonly inDigest?: boolean;
  /**
   * Bytes to keep from the start of the first text/plain that is no attachment
   * (see `texts`). Default 0.
   */
  readonly keepPlain?: number;
  /** The same for the first text/html. */
  readonly keepHtml?: number;
}

/** The start of a text, as it stands in the message (still encoded). */
export interface KeptText {
  readonly part: MimePart;
  readonly bytes: Uint8Array;
}

/** An open multipart or message. */
interface Frame {
  readonly part: MimePart;
  readonly linesBefore: number;
  /** Of a multipart that is not closed yet. */
  boundary: string | undefined;
  /** The frame that had the same boundary before. */
  shadowed: number | undefined;
}

/** A text that is being kept. */
interface Keeping {
  readonly part: MimePart;
  readonly pieces: Uint8Array[];
  left: number;
}

const EMPTY = new Uint8Array(0);
const CHUNK_ENDS = { final: false } as const;
const INPUT_ENDS = { final: true } as const;

/**
 * One pass over one body: `write` each chunk, then `end` once. Chunks are not
 * kept, so their owner may reuse them.
 */
export class MimeScanner {
  readonly root: MimePart;
  readonly #keepPlain: number;
  readonly #keepHtml: number;
  readonly #frames: Frame[] = [];
  /** Open boundaries: which frame the innermost of that text belongs to. */
  readonly #open = new Map<string, number>();
  /** The leaf whose content is being read; none in preamble and epilogue. */
  #leaf: { part: MimePart; linesBefore: number } | undefined;
  /** The part whose header is being read. */
  #heading: { part: MimePart; pieces: Uint8Array[]; size: number } | undefined;
  #keeping: Keeping | undefined;
  /** Offset in the piece at hand from which on nothing is kept yet. */
  #keepFrom = 0;
  #plain: Keeping | undefined;
  #html: Keeping | undefined;
  /** Start of a line whose meaning hangs on what follows. */
  #carry: Uint8Array = EMPTY;
  /** Offset of the first byte of the piece at hand. */
  #base = 0;
  #lineStarts = true;
  /** LFs so far. */
  #lines = 0;
  /** The last two bytes before the piece at hand. */
  #last = 0;
  #lastButOne = 0;
  #parts = 1;
  #headerBytes = 0;
  #longestBoundary = 0;

  constructor(header: HeaderBlock, options: MimeScannerOptions = {}) {
    this.#keepPlain = options.keepPlain ?? 0;
    this.#keepHtml = options.keepHtml ?? 0;
    this.root = newPart(0, header);
    describePart(this.root, { inDigest: options.inDigest ?? false });
    this.#openBody(this.root, 0);
  }

  /** Takes the next bytes of the body. */
  write(chunk: Uint8Array): void {
    let rest = chunk;
    if (this.#carry.length > 0) {
      const lf = chunk.indexOf(LF);
      const take = lf < 0 ? chunk.length : lf + 1;
      const line = concatBytes([this.#carry, chunk.subarray(0, take)]);
      this.#carry = EMPTY;
      this.#scan(line, CHUNK_ENDS);
      rest = chunk.subarray(take);
    }
    if (rest.length > 0) this.#scan(rest, CHUNK_ENDS);
  }

  /** Says that the body is complete; returns its root. */
  end(): MimePart {
    const carry = this.#carry;
    this.#carry = EMPTY;
    this.#scan(carry, INPUT_ENDS);
    if (this.#heading !== undefined) {
      this.#endHeader(this.#base, { enter: false });
    }
    this.#closeFrames(0, this.#base, this.#lines);
    return this.root;
  }

  /** After `end`: the texts kept, plain before HTML. */
  get texts(): readonly KeptText[] {
    const texts: KeptText[] = [];
    for (const kept of [this.#plain, this.#html]) {
      if (kept === undefined) continue;
      const { part, pieces } = kept;
      const [only = EMPTY] = pieces;
      const bytes = pieces.length === 1 ? only : concatBytes(pieces);
      texts.push({
        part,
        bytes: bytes.subarray(0, Math.max(0, part.bodyEnd - part.bodyStart)),
      });
    }
    return texts;
  }

  /** Goes over one piece; a line that is not decided goes to the carry. */
  #scan(bytes: Uint8Array, when: { readonly final: boolean }): void {
    this.#keepFrom = 0;
    let at = 0;
    while (at < bytes.length) {
      const lf = bytes.indexOf(LF, at);
      if (this.#lineStarts) {
        if (lf < 0 && !when.final && this.#undecided(bytes, at)) {
          this.#carry = bytes.slice(at);
          break;
        }
        const end = lf < 0 ? bytes.length : lf + 1;
        if (
          bytes[at] === HYPHEN && bytes[at + 1] === HYPHEN &&
          this.#boundary(bytes, at, end)
        ) {
          if (lf >= 0) this.#lines++;
          at = end;
          continue;
        }
      }
      const end = lf < 0 ? bytes.length : lf + 1;
      if (lf >= 0) this.#lines++;
      if (this.#heading !== undefined) this.#headerLine(bytes, at, end, lf);
      this.#lineStarts = lf >= 0;
      at = end;
    }
    this.#keep(bytes, at);
    if (at >= 2) this.#lastButOne = bytes[at - 2] ?? 0;
    else if (at === 1) this.#lastButOne = this.#last;
    if (at >= 1) this.#last = bytes[at - 1] ?? 0;
    this.#base += at;
  }

  /** Whether the start of a line at the end of a piece says too little. */
  #undecided(bytes: Uint8Array, at: number): boolean {
    const length = bytes.length - at;
    const first = bytes[at];
    if (first === CR) return length === 1;
    if (first !== HYPHEN || this.#open.size === 0) return false;
    if (length === 1) return true;
    return bytes[at + 1] === HYPHEN && length <= MAX_BOUNDARY_LINE;
  }

  /** Acts on a line that begins with two hyphens; true for a boundary. */
  #boundary(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#open.size === 0 || end - start > MAX_BOUNDARY_LINE) return false;
    let stop = end;
    while (stop > start + 2 && isPadding(bytes[stop - 1])) stop--;
    const length = stop - start - 2;
    if (length === 0 || length > this.#longestBoundary + 2) return false;
    const text = decodeLatin1(bytes, start + 2, stop);
    let index = this.#open.get(text);
    let closes = false;
    if (index === undefined && text.endsWith("--")) {
      index = this.#open.get(text.slice(0, -2));
      closes = true;
    }
    if (index === undefined) return false;
    if (!closes && this.#parts >= MAX_PARTS) return false;
    this.#delimit(index, start, end, bytes, { closes });
    return true;
  }

  /** Ends what the boundary ends and opens the next part. */
  #delimit(
    index: number,
    start: number,
    end: number,
    bytes: Uint8Array,
    how: { readonly closes: boolean },
  ): void {
    const lineStart = this.#base + start;
    const before = start >= 1 ? bytes[start - 1] : this.#last;
    const beforeThat = start >= 2
      ? bytes[start - 2]
      : start === 1
      ? this.#last
      : this.#lastButOne;
    const breakLength = before !== LF ? 0 : beforeThat === CR ? 2 : 1;
    const contentEnd = lineStart - breakLength;
    if (this.#heading !== undefined) {
      // A message without end of header ends with the part that it is in.
      const { part } = this.#heading;
      const isInner = this.#frames.at(-1)?.part.message === part;
      const headerEnd = Math.max(contentEnd, part.headerStart);
      this.#endHeader(isInner ? headerEnd : lineStart, { enter: false });
    }
    this.#keep(bytes, start);
    this.#closeFrames(index + 1, contentEnd, this.#lines - (breakLength && 1));
    const frame = this.#frames[index];
    if (frame === undefined) return;
    this.#lineStarts = true;
    if (how.closes) {
      this.#forget(frame);
      return;
    }
    const part = newPart(this.#base + end, undefined);
    frame.part.children.push(part);
    this.#parts++;
    this.#heading = { part, pieces: [], size: 0 };
  }

  /** Takes one line (or piece of one) of a part's header. */
  #headerLine(
    bytes: Uint8Array,
    start: number,
    end: number,
    lf: number,
  ): void {
    const heading = this.#heading;
    if (heading === undefined) return;
    const length = end - start;
    const room = Math.min(
      MAX_PART_HEADER - heading.size,
      MAX_ALL_HEADERS - this.#headerBytes,
    );
    if (room > 0) {
      const taken = Math.min(length, room);
      heading.pieces.push(bytes.slice(start, start + taken));
      heading.size += taken;
      this.#headerBytes += taken;
    }
    const isBlank = this.#lineStarts && lf >= 0 &&
      (length === 1 || (length === 2 && bytes[start] === CR));
    if (!isBlank) return;
    const part = heading.part;
    this.#endHeader(this.#base + end, { enter: true });
    this.#openBody(part, end);
  }

  /** The header at hand is complete: reads it. */
  #endHeader(bodyStart: number, how: { readonly enter: boolean }): void {
    const heading = this.#heading;
    if (heading === undefined) return;
    this.#heading = undefined;
    const { part, pieces } = heading;
    part.header = new HeaderBlock(concatBytes(pieces));
    part.bodyStart = bodyStart;
    const parent = this.#frames.at(-1)?.part;
    describePart(part, {
      inDigest: parent?.kind === "multipart" &&
        parent.type.subtype === "digest",
    });
    if (!how.enter) {
      part.bodyEnd = bodyStart;
      part.kind = part.kind === "multipart" ? "multipart" : "leaf";
    }
  }

  /** Begins with the content of `part`, at `at` of the piece at hand. */
  #openBody(part: MimePart, at: number): void {
    const boundary = part.kind === "multipart"
      ? boundaryOf(part.type)
      : undefined;
    const isContainer = part.kind === "message" || part.kind === "multipart";
    if (isContainer && this.#frames.length < MAX_DEPTH) {
      this.#push(part, boundary);
      if (part.kind !== "message") return;
      const inner = newPart(part.bodyStart, undefined);
      part.message = inner;
      this.#parts++;
      this.#heading = { part: inner, pieces: [], size: 0 };
      return;
    }
    part.kind = "leaf";
    this.#leaf = { part, linesBefore: this.#lines };
    this.#startKeeping(part, at);
  }

  #push(part: MimePart, boundary: string | undefined): void {
    const index = this.#frames.length;
    const frame: Frame = {
      part,
      linesBefore: this.#lines,
      boundary,
      shadowed: boundary === undefined ? undefined : this.#open.get(boundary),
    };
    this.#frames.push(frame);
    if (boundary === undefined) return;
    this.#open.set(boundary, index);
    this.#longestBoundary = Math.max(this.#longestBoundary, boundary.length);
  }

  /** Closes the leaf at hand and the frames from `from` inwards. */
  #closeFrames(from: number, contentEnd: number, lines: number): void {
    const leaf = this.#leaf;
    if (leaf !== undefined) {
      leaf.part.bodyEnd = Math.max(contentEnd, leaf.part.bodyStart);
      leaf.part.lines = Math.max(lines - leaf.linesBefore, 0);
      this.#leaf = undefined;
      this.#keeping = undefined;
    }
    while (this.#frames.length > from) {
      const frame = this.#frames.pop();
      if (frame === undefined) return;
      frame.part.bodyEnd = Math.max(contentEnd, frame.part.bodyStart);
      frame.part.lines = Math.max(lines - frame.linesBefore, 0);
      this.#forget(frame);
    }
  }

  /** The frame's boundary means nothing from here on. */
  #forget(frame: Frame): void {
    const { boundary, shadowed } = frame;
    if (boundary === undefined) return;
    frame.boundary = undefined;
    if (shadowed === undefined) this.#open.delete(boundary);
    else this.#open.set(boundary, shadowed);
  }

  /** Keeps the start of the first plain and HTML texts. */
  #startKeeping(part: MimePart, at: number): void {
    if (part.type.type !== "text") return;
    if (part.disposition?.kind === "attachment") return;
    const isPlain = part.type.subtype === "plain";
    const isHtml = part.type.subtype === "html";
    if (isPlain ? this.#plain !== undefined : this.#html !== undefined) return;
    if (!isPlain && !isHtml) return;
    const left = isPlain ? this.#keepPlain : this.#keepHtml;
    if (left === 0) return;
    this.#keeping = { part, pieces: [], left };
    if (isPlain) this.#plain = this.#keeping;
    else this.#html = this.#keeping;
    this.#keepFrom = at;
  }

  /** Keeps what the piece has of the text up to `to`. */
  #keep(bytes: Uint8Array, to: number): void {
    const keeping = this.#keeping;
    if (keeping === undefined || keeping.left === 0) return;
    const from = this.#keepFrom;
    const piece = bytes.slice(from, Math.min(to, from + keeping.left));
    if (piece.length === 0) return;
    this.#keepFrom = from + piece.length;
    keeping.pieces.push(piece);
    keeping.left -= piece.length;
  }
}

function newPart(start: number, header: HeaderBlock | undefined): MimePart {
  return {
    headerStart: start,
    bodyStart: start,
    bodyEnd: start,
    lines: 0,
    header: header ?? NO_HEADER,
    type: DEFAULT_TYPE,
    disposition: undefined,
    encoding: "7bit",
    kind: "leaf",
    children: [],
    message: undefined,
  };
}

const NO_HEADER = new HeaderBlock(EMPTY);
const DEFAULT_TYPE = { type: "text", subtype: "plain", parameters: [] };

function isPadding(byte: number | undefined): boolean {
  return byte === SP || byte === TAB || byte === CR || byte === LF;
}

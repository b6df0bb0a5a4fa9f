/**
 * Where the bytes of a section lie. RFC 9051 section 6.4.5.1. Pure: the MIME
 * tree was computed when the message arrived.
 */
import type { ByteRange } from "./backend.ts";
import type { Partial, SectionItem } from "./fetch_item.ts";
import type { PartRange } from "./summary.ts";

/** Lengths of a message. */
export interface MessageSize {
  readonly headerBytes: number;
  readonly sizeBytes: number;
}

/** A range with both ends known. */
export interface Located extends ByteRange {
  readonly end: number;
}

/** The range; `undefined` for a section that the message does not have. */
export function locate(
  item: Pick<SectionItem, "part" | "what">,
  size: MessageSize,
  root: PartRange | undefined,
): Located | undefined {
  if (item.part.length > 0) {
    if (root === undefined) return undefined;
    return locatePart(item, size, root);
  }
  const bodyBytes = size.sizeBytes - size.headerBytes;
  switch (item.what) {
    case "all":
      return { of: "message", start: 0, end: size.sizeBytes };
    case "text":
      return { of: "body", start: 0, end: bodyBytes };
    case "mime":
      return undefined;
    case "header":
    case "fields":
    case "fieldsNot":
      return { of: "header", start: 0, end: size.headerBytes };
  }
}

function locatePart(
  item: Pick<SectionItem, "part" | "what">,
  size: MessageSize,
  root: PartRange,
): Located | undefined {
  const part = findPart(root, item.part);
  if (part === undefined) return undefined;
  const inBody = (start: number, end: number): Located => ({
    of: "body",
    start,
    end,
  });
  switch (item.what) {
    case "all":
      return inBody(part.bodyStart, part.bodyEnd);
    case "mime":
      // The one part of a message that is no multipart has its header.
      return part === root
        ? { of: "header", start: 0, end: size.headerBytes }
        : inBody(part.headerStart, part.bodyStart);
    case "text":
      return part.message &&
        inBody(part.message.bodyStart, part.message.bodyEnd);
    case "header":
    case "fields":
    case "fieldsNot":
      return part.message &&
        inBody(part.message.headerStart, part.message.bodyStart);
  }
}

/**
 * The part of that path, which has at least one number. RFC 9051 section
 * 6.4.5.1: part numbers count from 1 at every level.
 */
export function findPart(
  root: PartRange,
  path: readonly number[],
): PartRange | undefined {
  let message: PartRange | undefined = root;
  let part: PartRange | undefined;
  for (const number of path) {
    const parent: PartRange | undefined = part === undefined
      ? message
      : part.message ?? part;
    if (parent === undefined) return undefined;
    if (isMultipart(parent)) {
      part = parent.children?.[number - 1];
    } else {
      // A message that is no multipart has one part: itself.
      const isMessage = part === undefined || part.message === parent;
      part = isMessage && number === 1 ? parent : undefined;
    }
    if (part === undefined) return undefined;
    message = undefined;
  }
  return part;
}

function isMultipart(part: PartRange): boolean {
  return part.type.startsWith("multipart/");
}

/** The part of the range that `<offset.count>` asks for. */
export function cut(
  located: Located,
  partial: Partial | undefined,
): Located {
  if (partial === undefined) return located;
  const start = Math.min(located.start + partial.offset, located.end);
  const end = Math.min(start + partial.count, located.end);
  return { of: located.of, start, end };
}

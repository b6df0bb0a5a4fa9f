/** The MIME tree in the form in which it is stored for part FETCH. */
import { decodeLatin1 } from "#src/bytes/latin1.ts";
import { normalCharset } from "#src/message/charset.ts";
import { parameter } from "#src/message/content_type.ts";
import type { MimePart } from "#src/message/mime_part.ts";
import { parameterText } from "#src/message/parameter_text.ts";
import type { PartRange } from "./summary.ts";

/** Longest charset name that is kept. */
const MAX_CHARSET = 64;

/** Plain data of a scanned part. */
export function partRange(part: MimePart): PartRange {
  const { type, subtype } = part.type;
  const filename = filenameOf(part);
  return {
    headerStart: part.headerStart,
    bodyStart: part.bodyStart,
    bodyEnd: part.bodyEnd,
    type: `${type}/${subtype}`,
    encoding: part.encoding,
    ...type === "text" ? { charset: charsetOf(part) } : {},
    ...filename === undefined ? {} : { filename },
    ...part.kind === "multipart"
      ? { children: part.children.map(partRange) }
      : {},
    ...part.message === undefined ? {} : { message: partRange(part.message) },
  };
}

/** The charset of a text part; `us-ascii` where the header says nothing. */
export function charsetOf(part: MimePart): string {
  const value = parameter(part.type.parameters, "charset");
  if (value === undefined) return "us-ascii";
  return normalCharset(decodeLatin1(value.subarray(0, MAX_CHARSET)));
}

/** RFC 2183 section 2.3, and `name` of RFC 2045 times. */
export function filenameOf(part: MimePart): string | undefined {
  const disposition = part.disposition;
  return (disposition && parameterText(disposition.parameters, "filename")) ??
    parameterText(part.type.parameters, "name");
}

/** Whether a part, at any depth outside of inner messages, is an attachment. */
export function hasAttachment(part: MimePart): boolean {
  if (part.kind === "multipart") return part.children.some(hasAttachment);
  if (part.disposition?.kind === "attachment") return true;
  if (part.disposition?.kind === "inline") return false;
  return filenameOf(part) !== undefined;
}

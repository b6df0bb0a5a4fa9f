/** Reads what a part's header says about its content. RFC 2045. */
import { asciiLower, isAscii } from "#src/bytes/ascii.ts";
import { decodeLatin1 } from "#src/bytes/latin1.ts";
import { HeaderLexer } from "./_lexer.ts";
import {
  type ContentType,
  parameter,
  parseContentDisposition,
  parseContentType,
} from "./content_type.ts";
import type { HeaderField } from "./header_block.ts";
import type { MimePart } from "./mime_part.ts";

/** RFC 2045 section 5.2. */
const TEXT_PLAIN: ContentType = {
  type: "text",
  subtype: "plain",
  parameters: [],
};
/** RFC 2046 section 5.1.5. */
const MESSAGE: ContentType = {
  type: "message",
  subtype: "rfc822",
  parameters: [],
};

/** Longest boundary that is believed; RFC 2046 allows 70. */
const MAX_BOUNDARY = 512;

/** Fills type, disposition, encoding and kind in from the part's header. */
export function describePart(
  part: MimePart,
  where: { readonly inDigest: boolean },
): void {
  const header = part.header;
  let type: HeaderField | undefined;
  let disposition: HeaderField | undefined;
  let encoding: HeaderField | undefined;
  for (const field of header.fields) {
    const name = field.name;
    if (!name.startsWith("content-")) continue;
    if (name === "content-type") type ??= field;
    else if (name === "content-disposition") disposition ??= field;
    else if (name === "content-transfer-encoding") encoding ??= field;
  }
  part.type = (type && parseContentType(header.rawValue(type))) ??
    (where.inDigest && type === undefined ? MESSAGE : TEXT_PLAIN);
  part.disposition = disposition &&
    parseContentDisposition(header.rawValue(disposition));
  part.encoding = (encoding && parseEncoding(header.rawValue(encoding))) ??
    "7bit";
  part.kind = part.type.type === "multipart"
    ? "multipart"
    : part.type.type === "message" && part.type.subtype === "rfc822"
    ? "message"
    : "leaf";
}

/** The word of Content-Transfer-Encoding. RFC 2045 section 6.1. */
function parseEncoding(raw: Uint8Array): string | undefined {
  const lexer = new HeaderLexer(raw);
  lexer.skipCfws();
  const token = lexer.token();
  if (token.length === 0 || token.length > 64 || !isAscii(token)) {
    return undefined;
  }
  return asciiLower(decodeLatin1(token));
}

/** The boundary as latin1 text; `undefined` where there is none to find. */
export function boundaryOf(type: ContentType): string | undefined {
  const value = parameter(type.parameters, "boundary") ??
    parameter(type.parameters, "boundary*");
  if (value === undefined) return undefined;
  const text = decodeLatin1(value).replace(/[ \t]+$/, "");
  return text === "" || text.length > MAX_BOUNDARY ? undefined : text;
}

/**
 * BODY and BODYSTRUCTURE. RFC 9051 section 7.5.2 and the grammar `body` of
 * section 9; RFC 2231 continuations come joined from the parser.
 *
 * DEVIATION RFC 9051 section 9: `message/global` is written as a basic part,
 * since clients of RFC 3501 read an envelope only after `message/rfc822`.
 */
import type { ByteBuilder } from "#src/bytes/byte_builder.ts";
import type { Parameter } from "#src/message/content_type.ts";
import { trimBytes, unfold } from "#src/message/field_value.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import type { MimePart } from "#src/message/mime_part.ts";
import { envelopeFields, writeEnvelope } from "./format_envelope.ts";
import {
  writeNstring,
  writeSpace,
  writeString,
  writeText,
} from "./summary_string.ts";

/** Which of the two is written. */
export interface BodyStructureOptions {
  /** With extension data: BODYSTRUCTURE. Without: BODY. */
  readonly extended: boolean;
}

/** Words of Content-Language that are written. */
const MAX_LANGUAGES = 100;

/** Stands where the grammar wants a part and the message has none. */
const EMPTY_TEXT = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0';

/** Writes the parenthesized list of `part`. */
export function writeBody(
  out: ByteBuilder,
  part: MimePart,
  options: BodyStructureOptions,
): void {
  if (part.type.type === "multipart") writeMultipart(out, part, options);
  else writeSingle(out, part, options);
}

function writeMultipart(
  out: ByteBuilder,
  part: MimePart,
  options: BodyStructureOptions,
): void {
  out.ascii("(");
  for (const child of part.children) writeBody(out, child, options);
  if (part.children.length === 0) writeEmptyText(out, options);
  writeSpace(out);
  writeText(out, part.type.subtype);
  if (options.extended) {
    writeSpace(out);
    writeParameters(out, part.type.parameters);
    writeExtension(out, part, contentFields(part.header));
  }
  out.ascii(")");
}

function writeEmptyText(
  out: ByteBuilder,
  options: BodyStructureOptions,
): void {
  out.ascii(EMPTY_TEXT);
  out.ascii(options.extended ? " NIL NIL NIL NIL)" : ")");
}

function writeSingle(
  out: ByteBuilder,
  part: MimePart,
  options: BodyStructureOptions,
): void {
  const fields = contentFields(part.header);
  const { type, subtype, parameters } = part.type;
  out.ascii("(");
  writeText(out, type);
  writeSpace(out);
  writeText(out, subtype);
  writeSpace(out);
  if (fields.hasType || type !== "text") writeParameters(out, parameters);
  else out.ascii('("charset" "us-ascii")');
  writeSpace(out);
  writeNstring(out, fields.id);
  writeSpace(out);
  writeNstring(out, fields.description);
  writeSpace(out);
  writeText(out, part.encoding);
  out.ascii(` ${part.bodyEnd - part.bodyStart}`);
  if (type === "message" && subtype === "rfc822") {
    writeSpace(out);
    writeMessage(out, part.message, options);
    out.ascii(` ${part.lines}`);
  } else if (type === "text") out.ascii(` ${part.lines}`);
  if (options.extended) {
    writeSpace(out);
    writeNstring(out, fields.md5);
    writeExtension(out, part, fields);
  }
  out.ascii(")");
}

/** Envelope and body of a message inside; of nothing where it was not read. */
function writeMessage(
  out: ByteBuilder,
  message: MimePart | undefined,
  options: BodyStructureOptions,
): void {
  const header = message?.header ?? new HeaderBlock(new Uint8Array(0));
  writeEnvelope(out, envelopeFields(header));
  writeSpace(out);
  if (message === undefined) writeEmptyText(out, options);
  else writeBody(out, message, options);
}

/** ` dsp lang loc`. */
function writeExtension(
  out: ByteBuilder,
  part: MimePart,
  fields: ContentFields,
): void {
  writeSpace(out);
  if (part.disposition === undefined) out.ascii("NIL");
  else {
    out.ascii("(");
    writeText(out, part.disposition.kind);
    writeSpace(out);
    writeParameters(out, part.disposition.parameters);
    out.ascii(")");
  }
  writeSpace(out);
  writeLanguages(out, fields.language);
  writeSpace(out);
  writeNstring(out, fields.location);
}

function writeParameters(
  out: ByteBuilder,
  parameters: readonly Parameter[],
): void {
  if (parameters.length === 0) {
    out.ascii("NIL");
    return;
  }
  let before = "(";
  for (const { name, value } of parameters) {
    out.ascii(before);
    writeText(out, name);
    writeSpace(out);
    writeString(out, value);
    before = " ";
  }
  out.ascii(")");
}

/** One language as string, several as list. RFC 3282. */
function writeLanguages(
  out: ByteBuilder,
  value: Uint8Array | undefined,
): void {
  const languages = value === undefined ? [] : splitAtCommas(value);
  const [first] = languages;
  if (first === undefined) out.ascii("NIL");
  else if (languages.length === 1) writeString(out, first);
  else {
    let before = "(";
    for (const language of languages) {
      out.ascii(before);
      writeString(out, language);
      before = " ";
    }
    out.ascii(")");
  }
}

function splitAtCommas(value: Uint8Array): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  let from = 0;
  while (from <= value.length && parts.length < MAX_LANGUAGES) {
    const comma = value.indexOf(COMMA, from);
    const end = comma < 0 ? value.length : comma;
    const part = trimBytes(value.subarray(from, end));
    if (part.length > 0) parts.push(part);
    from = end + 1;
  }
  return parts;
}

const COMMA = 0x2c;

/** Content fields that are passed on as they are. */
interface ContentFields {
  hasType: boolean;
  id: Uint8Array | undefined;
  description: Uint8Array | undefined;
  md5: Uint8Array | undefined;
  language: Uint8Array | undefined;
  location: Uint8Array | undefined;
}

function contentFields(header: HeaderBlock): ContentFields {
  const found: ContentFields = {
    hasType: false,
    id: undefined,
    description: undefined,
    md5: undefined,
    language: undefined,
    location: undefined,
  };
  for (const field of header.fields) {
    if (!field.name.startsWith("content-")) continue;
    const value = (): Uint8Array => unfold(header.rawValue(field));
    switch (field.name) {
      case "content-type":
        found.hasType = true;
        break;
      case "content-id":
        found.id ??= value();
        break;
      case "content-description":
        found.description ??= value();
        break;
      case "content-md5":
        found.md5 ??= value();
        break;
      case "content-language":
        found.language ??= value();
        break;
      case "content-location":
        found.location ??= value();
    }
  }
  return found;
}

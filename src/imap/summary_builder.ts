/**
 * Computes what is stored beside a message (`MessageSummary`): ENVELOPE, BODY
 * and BODYSTRUCTURE as they go over the wire, the MIME tree, and what sorting,
 * threading and lists need. One pass over the body in bounded memory.
 */
import { comparableMailbox } from "#src/address/display_address.ts";
import type { HeaderAddress } from "#src/address/header_address.ts";
import { ByteBuilder } from "#src/bytes/byte_builder.ts";
import { baseSubject } from "#src/message/base_subject.ts";
import type { Body } from "#src/message/body.ts";
import { decodeHeaderText } from "#src/message/encoded_word.ts";
import type { HeaderBlock } from "#src/message/header_block.ts";
import { parseMailDate } from "#src/message/mail_date.ts";
import { parseMessageIds } from "#src/message/message_ids.ts";
import { type KeptText, MimeScanner } from "#src/message/mime_scanner.ts";
import { decodePart } from "#src/message/decode_part.ts";
import { previewText } from "#src/message/preview_text.ts";
import { writeBody } from "./format_body_structure.ts";
import {
  type EnvelopeFields,
  envelopeFields,
  writeEnvelope,
} from "./format_envelope.ts";
import type { MessageSummary } from "./summary.ts";
import { charsetOf, hasAttachment, partRange } from "./summary_structure.ts";

/** Text looked at for the preview; HTML begins with much that is no text. */
const PREVIEW_PLAIN = 2_048;
const PREVIEW_HTML = 16_384;

/** Subject that is decoded for sorting. */
const MAX_SUBJECT = 4_096;
/** Threading fields that are read. */
const MAX_REFERENCES = 64 * 1024;

/** Takes a body as it arrives: `write` each chunk, then `finish` once. */
export class SummaryBuilder {
  readonly #header: HeaderBlock;
  readonly #scanner: MimeScanner;

  constructor(header: HeaderBlock) {
    this.#header = header;
    this.#scanner = new MimeScanner(header, {
      keepPlain: PREVIEW_PLAIN,
      keepHtml: PREVIEW_HTML,
    });
  }

  /** Takes the next bytes of the body; they stay the caller's. */
  write(chunk: Uint8Array): this {
    this.#scanner.write(chunk);
    return this;
  }

  /** The summary of header and body. */
  finish(): MessageSummary {
    const root = this.#scanner.end();
    const fields = envelopeFields(this.#header);
    const envelope = new ByteBuilder(512);
    writeEnvelope(envelope, fields);
    const extended = new ByteBuilder(512);
    writeBody(extended, root, { extended: true });
    const basic = new ByteBuilder(256);
    writeBody(basic, root, { extended: false });
    const subject = fields.subject?.subarray(0, MAX_SUBJECT);
    return {
      envelope: envelope.finish(),
      bodyStructure: extended.finish(),
      bodyBasic: basic.finish(),
      structure: partRange(root),
      sentAt: fields.date && parseMailDate(fields.date)?.ms,
      messageId: messageId(fields),
      references: references(fields),
      baseSubject: subject === undefined
        ? ""
        : baseSubject(decodeHeaderText(subject)),
      sortFrom: firstMailbox(fields.from),
      sortTo: firstMailbox(fields.to),
      sortCc: firstMailbox(fields.cc),
      preview: preview(this.#scanner.texts),
      hasAttachment: hasAttachment(root),
    };
  }
}

/** The summary of a message whose body is in memory. */
export function summarizeBytes(
  header: HeaderBlock,
  bytes: Uint8Array,
): MessageSummary {
  return new SummaryBuilder(header).write(bytes).finish();
}

/** The summary of any message; reads the body once. Throws what `body` throws. */
export async function summarize(
  header: HeaderBlock,
  body: Body,
): Promise<MessageSummary> {
  if (body.bytes !== undefined) return summarizeBytes(header, body.bytes);
  const builder = new SummaryBuilder(header);
  for await (const chunk of body.open()) builder.write(chunk);
  return builder.finish();
}

function messageId(fields: EnvelopeFields): string {
  if (fields.messageId === undefined) return "";
  return parseMessageIds(fields.messageId.subarray(0, MAX_REFERENCES))[0] ?? "";
}

/** References, then In-Reply-To, each identifier once. RFC 5256 section 3. */
function references(fields: EnvelopeFields): readonly string[] {
  const ids = new Set<string>();
  for (const value of [fields.references, fields.inReplyTo]) {
    if (value === undefined) continue;
    for (const id of parseMessageIds(value.subarray(0, MAX_REFERENCES))) {
      ids.add(id);
    }
  }
  return [...ids];
}

function firstMailbox(list: readonly HeaderAddress[]): string {
  const first = list.find((address) => address.kind === "mailbox");
  return first === undefined ? "" : comparableMailbox(first);
}

/** The first text that says something, plain before HTML. */
function preview(texts: readonly KeptText[]): string {
  for (const { part, bytes } of texts) {
    const text = decodePart(bytes, part.encoding, charsetOf(part));
    const found = previewText(text, {
      isHtml: part.type.subtype === "html",
    });
    if (found !== "") return found;
  }
  return "";
}

/**
 * ENVELOPE. RFC 9051 section 7.5.2, RFC 3501 section 7.4.2. Header bytes are
 * passed on as they are, encoded words included; only folds, quotes and
 * comments go.
 */
import {
  type HeaderAddress,
  parseAddressList,
} from "#src/address/header_address.ts";
import type { ByteBuilder } from "#src/bytes/byte_builder.ts";
import { unfold } from "#src/message/field_value.ts";
import type { HeaderBlock, HeaderField } from "#src/message/header_block.ts";
import { writeNstring, writeSpace, writeString } from "./summary_string.ts";

/** The fields of a header that matter here; the topmost of each name. */
export interface EnvelopeFields {
  readonly header: HeaderBlock;
  readonly date: Uint8Array | undefined;
  readonly subject: Uint8Array | undefined;
  readonly from: readonly HeaderAddress[];
  readonly sender: readonly HeaderAddress[];
  readonly replyTo: readonly HeaderAddress[];
  readonly to: readonly HeaderAddress[];
  readonly cc: readonly HeaderAddress[];
  readonly bcc: readonly HeaderAddress[];
  readonly inReplyTo: Uint8Array | undefined;
  readonly messageId: Uint8Array | undefined;
  readonly references: Uint8Array | undefined;
}

const NAMES: ReadonlySet<string> = new Set([
  "date",
  "subject",
  "from",
  "sender",
  "reply-to",
  "to",
  "cc",
  "bcc",
  "in-reply-to",
  "message-id",
  "references",
]);

/** Reads what ENVELOPE and threading need of a header, in one pass. */
export function envelopeFields(header: HeaderBlock): EnvelopeFields {
  const found = new Map<string, HeaderField>();
  for (const field of header.fields) {
    if (NAMES.has(field.name) && !found.has(field.name)) {
      found.set(field.name, field);
    }
  }
  const raw = (name: string): Uint8Array | undefined => {
    const field = found.get(name);
    return field === undefined ? undefined : header.rawValue(field);
  };
  const text = (name: string): Uint8Array | undefined => {
    const value = raw(name);
    return value === undefined ? undefined : unfold(value);
  };
  const list = (name: string): readonly HeaderAddress[] => {
    const value = raw(name);
    return value === undefined ? [] : parseAddressList(value);
  };
  const from = list("from");
  const sender = list("sender");
  const replyTo = list("reply-to");
  return {
    header,
    date: text("date"),
    subject: text("subject"),
    from,
    // RFC 9051 section 7.5.2: absent or empty ones are the same as From.
    sender: sender.length === 0 ? from : sender,
    replyTo: replyTo.length === 0 ? from : replyTo,
    to: list("to"),
    cc: list("cc"),
    bcc: list("bcc"),
    inReplyTo: text("in-reply-to"),
    messageId: text("message-id"),
    references: text("references"),
  };
}

/** Writes the parenthesized list. */
export function writeEnvelope(out: ByteBuilder, fields: EnvelopeFields): void {
  out.ascii("(");
  writeNstring(out, fields.date);
  writeSpace(out);
  writeNstring(out, fields.subject);
  const lists = [
    fields.from,
    fields.sender,
    fields.replyTo,
    fields.to,
    fields.cc,
    fields.bcc,
  ];
  for (const list of lists) {
    writeSpace(out);
    writeAddresses(out, list);
  }
  writeSpace(out);
  writeNstring(out, fields.inReplyTo);
  writeSpace(out);
  writeNstring(out, fields.messageId);
  out.ascii(")");
}

/** `NIL`, or addresses without spaces between them. */
function writeAddresses(
  out: ByteBuilder,
  list: readonly HeaderAddress[],
): void {
  if (list.length === 0) {
    out.ascii("NIL");
    return;
  }
  out.ascii("(");
  for (const address of list) {
    switch (address.kind) {
      case "groupStart":
        out.ascii("(NIL NIL ");
        writeString(out, address.name);
        out.ascii(" NIL)");
        break;
      case "groupEnd":
        out.ascii("(NIL NIL NIL NIL)");
        break;
      case "mailbox":
        out.ascii("(");
        writeNstring(out, address.name);
        writeSpace(out);
        writeNstring(out, address.adl);
        writeSpace(out);
        writeString(out, address.mailbox);
        writeSpace(out);
        // NIL here would mean a group: a missing domain is empty.
        writeString(out, address.host);
        out.ascii(")");
    }
  }
  out.ascii(")");
}

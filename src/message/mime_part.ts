/** One node of a message's MIME tree as `MimeScanner` finds it. */
import type { ContentDisposition, ContentType } from "./content_type.ts";
import type { HeaderBlock } from "./header_block.ts";

/**
 * A part. Offsets count from the first byte that the scanner was given (the
 * body of the message). The scanner fills the numbers in as it goes: they are
 * final only after its `end`.
 */
export interface MimePart {
  /** First byte of the part's header; of the root 0. */
  headerStart: number;
  /** First byte after the blank line; of the root 0. */
  bodyStart: number;
  /** First byte after the content; the break before a boundary is left out. */
  bodyEnd: number;
  /** Line breaks (LF) in the content. */
  lines: number;
  /** What was kept of the header: all of it, within limits. */
  header: HeaderBlock;
  /** Type with the defaults of RFC 2045 section 5.2 and RFC 2046 5.1.5. */
  type: ContentType;
  disposition: ContentDisposition | undefined;
  /** Lower case; `7bit` where the header says nothing. */
  encoding: string;
  /** What the scanner went into; beyond its limits everything is a leaf. */
  kind: "leaf" | "multipart" | "message";
  /** Parts of a multipart; may be empty. */
  readonly children: MimePart[];
  /** Root of the message inside of a `message/rfc822`. */
  message: MimePart | undefined;
}

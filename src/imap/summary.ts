/**
 * What IMAP asks for again and again, computed once when a message arrives and
 * stored beside it, so that FETCH and SEARCH of these never open the body.
 *
 * Wire forms are the exact bytes of the FETCH response items of RFC 9051
 * section 7.5.2 without their names (`ENVELOPE`, `BODYSTRUCTURE`). Offsets
 * count from the first byte of the body (after the blank line): trace fields
 * added on top of the header do not move them.
 */

/** One part of the MIME tree, as stored (JSON) for part FETCH. */
export interface PartRange {
  /** First byte of the part's MIME header. */
  readonly headerStart: number;
  /** First byte after the blank line that ends the part's MIME header. */
  readonly bodyStart: number;
  /** First byte after the part's content (its boundary's CRLF left out). */
  readonly bodyEnd: number;
  /** Lower case `type/subtype`. */
  readonly type: string;
  /** Lower case; `7bit` where the header says nothing. */
  readonly encoding: string;
  /** Lower case; only of text parts. */
  readonly charset?: string;
  /** Decoded file name of an attachment. */
  readonly filename?: string;
  /** Parts of a multipart, or of the message inside `message/rfc822`. */
  readonly children?: readonly PartRange[];
  /** `message/rfc822`: the root of the inner message; its header and body. */
  readonly message?: PartRange;
}

/** Plain data; the arrays' buffers may be transferred. */
export interface MessageSummary {
  /** Wire form of ENVELOPE. */
  readonly envelope: Uint8Array;
  /** Wire form of BODYSTRUCTURE (with extension data). */
  readonly bodyStructure: Uint8Array;
  /** Wire form of BODY (without extension data). */
  readonly bodyBasic: Uint8Array;
  /** Root of the MIME tree; its `headerStart` is 0 and its `bodyStart` 0. */
  readonly structure: PartRange;
  /** Date field in milliseconds since 1970 UTC; `undefined`: none or broken. */
  readonly sentAt: number | undefined;
  /** Message-ID with angle brackets; empty where there is none. */
  readonly messageId: string;
  /** Message-IDs of References, then In-Reply-To, oldest first. */
  readonly references: readonly string[];
  /** Base subject of RFC 5256 section 2.1. */
  readonly baseSubject: string;
  /** First mailbox of From, To, Cc as `user@host` lower case; else empty. */
  readonly sortFrom: string;
  readonly sortTo: string;
  readonly sortCc: string;
  /** Start of the readable text, at most 200 characters. RFC 8970. */
  readonly preview: string;
  /** Whether a part is an attachment. */
  readonly hasAttachment: boolean;
}

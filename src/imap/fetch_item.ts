/** What FETCH can be asked for. RFC 9051 section 6.4.5. */

/** Items that have no arguments, or none that matter here. */
export type SimpleItem =
  | "UID"
  | "FLAGS"
  | "INTERNALDATE"
  | "RFC822.SIZE"
  | "ENVELOPE"
  | "BODY"
  | "BODYSTRUCTURE"
  | "MODSEQ"
  /** RFC 8970; stored, so LAZY changes nothing. */
  | "PREVIEW"
  /** RFC 8514. */
  | "SAVEDATE"
  /** RFC 8474. */
  | "EMAILID"
  | "THREADID";

/** `<offset.count>`. */
export interface Partial {
  readonly offset: number;
  readonly count: number;
}

/** Bytes of the message: `BODY[...]` and the older `RFC822` items. */
export interface SectionItem {
  readonly kind: "section";
  /** The item's name in the response, without the origin of a partial. */
  readonly label: string;
  /** `1.2` as numbers; empty for the message itself. */
  readonly part: readonly number[];
  readonly what: "all" | "header" | "text" | "mime" | "fields" | "fieldsNot";
  /** Names for `fields` and `fieldsNot`, in lower case. */
  readonly fields: readonly string[];
  /** How long it is, in place of the bytes. */
  readonly sizeOnly?: boolean;
  readonly partial: Partial | undefined;
  /** Sets \Seen. */
  readonly marksSeen: boolean;
}

/** Content without its transfer encoding, or how long that is. RFC 3516. */
export interface BinaryItem {
  readonly kind: "binary";
  /** The item's name in the response, without the origin of a partial. */
  readonly label: string;
  readonly part: readonly number[];
  readonly what: "data" | "size";
  readonly partial: Partial | undefined;
  /** Sets \Seen. */
  readonly marksSeen: boolean;
}

/** One item. */
export type FetchItem =
  | { readonly kind: "simple"; readonly name: SimpleItem }
  | SectionItem
  | BinaryItem;

/** What FETCH can be asked for. RFC 9051 section 6.4.5. */

/** Items that have no arguments. */
export type SimpleItem =
  | "UID"
  | "FLAGS"
  | "INTERNALDATE"
  | "RFC822.SIZE"
  | "ENVELOPE"
  | "BODY"
  | "BODYSTRUCTURE"
  | "MODSEQ";

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
  readonly partial:
    | { readonly offset: number; readonly count: number }
    | undefined;
  /** Sets \Seen. */
  readonly marksSeen: boolean;
}

/** One item. */
export type FetchItem =
  | { readonly kind: "simple"; readonly name: SimpleItem }
  | SectionItem;

/**
 * SEARCH criteria as a tree. RFC 9051 section 6.4.4, RFC 3501 section 6.4.4.
 *
 * Sequence numbers, `$` and `*` are resolved to UIDs by the session before a
 * key reaches storage, so that storage needs no view. Text is Unicode,
 * compared as substring without regard to case (i;unicode-casemap).
 */

/** Ranges of UIDs, ascending, not overlapping; both ends included. */
export type UidRanges = readonly (readonly [first: number, last: number])[];

/** A calendar date without zone, as the client wrote it. */
export interface SearchDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

/** One criterion. */
export type SearchKey =
  | { readonly kind: "all" }
  | { readonly kind: "and"; readonly keys: readonly SearchKey[] }
  | { readonly kind: "or"; readonly left: SearchKey; readonly right: SearchKey }
  | { readonly kind: "not"; readonly key: SearchKey }
  | { readonly kind: "uid"; readonly ranges: UidRanges }
  /** A system flag (`\Seen`) or keyword. */
  | { readonly kind: "flag"; readonly flag: string }
  /** `\Recent` of this session: the session gives the UIDs. */
  | {
    readonly kind: "internalDate";
    readonly op: "before" | "on" | "since";
    readonly date: SearchDate;
  }
  | {
    readonly kind: "sentDate";
    readonly op: "before" | "on" | "since";
    readonly date: SearchDate;
  }
  /** RFC 5032: seconds before now. */
  | {
    readonly kind: "within";
    readonly op: "older" | "younger";
    readonly seconds: number;
  }
  | {
    readonly kind: "size";
    readonly op: "larger" | "smaller";
    readonly bytes: number;
  }
  /** Decoded address field; `field` in lower case: from, to, cc, bcc. */
  | {
    readonly kind: "address";
    readonly field: "from" | "to" | "cc" | "bcc";
    readonly text: string;
  }
  | { readonly kind: "subject"; readonly text: string }
  /** Any field, name in lower case; empty text: the field is present. */
  | { readonly kind: "header"; readonly name: string; readonly text: string }
  | { readonly kind: "body"; readonly text: string }
  | { readonly kind: "text"; readonly text: string }
  /** RFC 7162 section 3.1.5: mod-sequence at least this. */
  | { readonly kind: "modseq"; readonly value: number }
  /** RFC 8474 section 5.3. */
  | { readonly kind: "emailId"; readonly id: string }
  | { readonly kind: "threadId"; readonly id: string }
  /** RFC 8514 section 4.3. */
  | {
    readonly kind: "savedDate";
    readonly op: "before" | "on" | "since";
    readonly date: SearchDate;
  }
  /** RFC 6203: texts in `key` need not match to the letter. */
  | { readonly kind: "fuzzy"; readonly key: SearchKey };

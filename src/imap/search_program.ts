/** A parsed SEARCH, before sequence numbers become UIDs. */
import type { FetchItem } from "./fetch_item.ts";
import type { SearchKey } from "./search_key.ts";
import type { SequenceSet } from "./sequence_set.ts";

/**
 * What ESEARCH can give back. RFC 4731 section 3.1, RFC 5182 (SAVE), RFC 9394
 * (PARTIAL), RFC 5267 (UPDATE), RFC 6203 (RELEVANCY).
 */
export type SearchReturn =
  | "MIN"
  | "MAX"
  | "ALL"
  | "COUNT"
  | "SAVE"
  | "PARTIAL"
  | "UPDATE"
  | "RELEVANCY";

/**
 * Positions in the result from 1, or from -1 at its end backwards; both of one
 * sign. RFC 9394 section 3.1.
 */
export interface PartialRange {
  readonly from: number;
  readonly to: number;
}

/** Keys that mean the same to storage and session. */
type PlainKey = Exclude<
  SearchKey,
  { readonly kind: "and" | "or" | "not" | "uid" | "fuzzy" }
>;

/** One criterion as written. */
export type SearchNode =
  | PlainKey
  | { readonly kind: "and"; readonly keys: readonly SearchNode[] }
  | {
    readonly kind: "or";
    readonly left: SearchNode;
    readonly right: SearchNode;
  }
  | { readonly kind: "not"; readonly key: SearchNode }
  | { readonly kind: "fuzzy"; readonly key: SearchNode }
  | {
    readonly kind: "set";
    readonly by: "seq" | "uid";
    readonly set: SequenceSet;
  }
  /** \Recent of this session. RFC 3501 section 2.3.2. */
  | { readonly kind: "recent" };

/** A SEARCH command. */
export interface SearchProgram {
  /** `undefined`: answer with SEARCH; else with ESEARCH. */
  readonly results: readonly SearchReturn[] | undefined;
  /** With PARTIAL among the results. */
  readonly partial: PartialRange | undefined;
  /** With UPDATE: what is told of new messages that match. RFC 5465 section 7. */
  readonly updateItems: readonly FetchItem[];
  readonly root: SearchNode;
  /** CHARSET was given. */
  readonly hasCharset: boolean;
  /** The texts could be read: their charset is known. */
  readonly isCharsetKnown: boolean;
  /** MODSEQ was searched for: the answer carries one. RFC 7162 section 3.1.5. */
  readonly hasModSeq: boolean;
  /** Messages are named by sequence numbers. */
  readonly hasNumbers: boolean;
  /** FUZZY was asked for: there may be scores. RFC 6203 section 4. */
  readonly hasFuzzy: boolean;
}

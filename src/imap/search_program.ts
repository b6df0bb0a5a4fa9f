/** A parsed SEARCH, before sequence numbers become UIDs. */
import type { SearchKey } from "./search_key.ts";
import type { SequenceSet } from "./sequence_set.ts";

/** What ESEARCH can give back. RFC 4731 section 3.1. */
export type SearchReturn = "MIN" | "MAX" | "ALL" | "COUNT" | "SAVE";

/** Keys that mean the same to storage and session. */
type PlainKey = Exclude<
  SearchKey,
  { readonly kind: "and" | "or" | "not" | "uid" }
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
  readonly root: SearchNode;
  /** CHARSET was given. */
  readonly hasCharset: boolean;
  /** MODSEQ was searched for: the answer carries one. RFC 7162 section 3.1.5. */
  readonly hasModSeq: boolean;
}

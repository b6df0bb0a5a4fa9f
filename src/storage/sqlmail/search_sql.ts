/**
 * The part of a search that columns can decide, as a condition in SQL. What
 * needs the text of a message becomes "perhaps": true where the key stands
 * plain and true where it stands negated, so that the condition never leaves
 * out a message that matches.
 */
import type { SearchDate, SearchKey, UidRanges } from "#src/imap/search_key.ts";
import type { SqlValue } from "../driver.ts";

const DAY_MS = 86_400_000;

/** Deepest tree; the parser of the protocol has a limit below it. */
const MAX_DEPTH = 200;

/** What a condition depends on besides the columns. */
export interface SearchFacts {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The bit of a flag in the mailbox. */
  bitOf(flag: string): number | undefined;
}

/** A condition and what it is worth. */
export interface SearchPlan {
  readonly where: string;
  readonly params: readonly SqlValue[];
  /** Whether `contents` has to be joined as `c`. */
  readonly needsContent: boolean;
  /** Whether the condition says everything that the key says. */
  readonly exact: boolean;
}

/** Plans a search. */
export function searchPlan(key: SearchKey, facts: SearchFacts): SearchPlan {
  const builder = new Builder(facts);
  const where = builder.condition(key, "plain", 0);
  return {
    where,
    params: builder.params,
    needsContent: builder.needsContent,
    exact: builder.exact,
  };
}

/** Midnight at which a day begins, UTC. */
export function dayStart({ year, month, day }: SearchDate): number {
  return Date.UTC(year, month - 1, day);
}

class Builder {
  readonly params: SqlValue[] = [];
  needsContent = false;
  exact = true;
  readonly #facts: SearchFacts;

  constructor(facts: SearchFacts) {
    this.#facts = facts;
  }

  condition(
    key: SearchKey,
    sense: "plain" | "negated",
    depth: number,
  ): string {
    // Too deep for SQL: look at each message instead.
    if (depth > MAX_DEPTH) return this.#perhaps(sense);
    switch (key.kind) {
      case "all":
        return "1=1";
      case "and":
        return key.keys.length === 0
          ? "1=1"
          : `(${
            key.keys.map((each) => this.condition(each, sense, depth + 1))
              .join(" AND ")
          })`;
      case "or":
        return `(${this.condition(key.left, sense, depth + 1)} OR ${
          this.condition(key.right, sense, depth + 1)
        })`;
      case "not": {
        const opposite = sense === "plain" ? "negated" : "plain";
        return `NOT (${this.condition(key.key, opposite, depth + 1)})`;
      }
      case "uid":
        return this.#uids(key.ranges, sense);
      case "flag":
        return this.#flag(key.flag);
      case "internalDate":
        return this.#date("m.internal_date", key.op, dayStart(key.date), 0);
      case "sentDate":
        return this.#sentDate(key.op, dayStart(key.date), sense);
      case "within":
        this.params.push(this.#facts.now - key.seconds * 1_000);
        return key.op === "older"
          ? "m.internal_date <= ?"
          : "m.internal_date >= ?";
      case "size":
        this.params.push(key.bytes);
        return key.op === "larger" ? "m.size_bytes > ?" : "m.size_bytes < ?";
      case "modseq":
        this.params.push(key.value);
        return "m.modseq >= ?";
      case "address":
      case "subject":
      case "header":
      case "body":
      case "text":
        return this.#perhaps(sense);
    }
  }

  #perhaps(sense: "plain" | "negated"): string {
    this.exact = false;
    return sense === "plain" ? "1=1" : "1=0";
  }

  #uids(ranges: UidRanges, sense: "plain" | "negated"): string {
    if (ranges.length === 0) return "1=0";
    // Many ranges: the bounds here, each one when looking at the message.
    if (ranges.length > 100) {
      if (sense === "negated") return this.#perhaps(sense);
      this.exact = false;
      const first = ranges[0]?.[0] ?? 0;
      const last = ranges[ranges.length - 1]?.[1] ?? 0;
      return this.#range(first, last);
    }
    return `(${
      ranges.map(([first, last]) => this.#range(first, last)).join(" OR ")
    })`;
  }

  #range(first: number, last: number): string {
    this.params.push(first, last);
    return "m.uid BETWEEN ? AND ?";
  }

  #flag(flag: string): string {
    const bit = this.#facts.bitOf(flag);
    return bit === undefined ? "1=0" : `(m.flags & ${2 ** bit}) <> 0`;
  }

  #date(
    column: string,
    op: "before" | "on" | "since",
    start: number,
    slack: number,
  ): string {
    if (op === "before") {
      this.params.push(start + slack);
      return `${column} < ?`;
    }
    if (op === "since") {
      this.params.push(start - slack);
      return `${column} >= ?`;
    }
    this.params.push(start - slack, start + DAY_MS + slack);
    return `(${column} >= ? AND ${column} < ?)`;
  }

  /**
   * The day that the Date field names counts, in its own zone, but the column
   * holds the instant: a day more on both sides, then look.
   */
  #sentDate(
    op: "before" | "on" | "since",
    start: number,
    sense: "plain" | "negated",
  ): string {
    if (sense === "negated") return this.#perhaps(sense);
    this.exact = false;
    this.needsContent = true;
    const condition = this.#date("c.sent_at", op, start, DAY_MS);
    return `(c.sent_at IS NOT NULL AND ${condition})`;
  }
}

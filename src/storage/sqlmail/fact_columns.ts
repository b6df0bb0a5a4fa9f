/**
 * `MessageFacts` of the messages of a mailbox as arrays. Each group is filled
 * when somebody asks for it: a search by date needs no subjects.
 */
import type { SqlValue } from "../driver.ts";
import { DateFacts } from "./date_facts.ts";
import type { FactName } from "./message_facts.ts";
import { TextColumn } from "./text_column.ts";
import { ThreadingFacts } from "./threading_facts.ts";

/** Texts by which messages are sorted. */
export type TextName =
  | "subject"
  | "from"
  | "to"
  | "cc"
  | "displayFrom"
  | "displayTo";

/** Facts that are read together. */
export type FactGroup = "dates" | "threading" | TextName;

/** One group. */
export interface FactColumn {
  /** Of the table `facts`. */
  readonly names: readonly FactName[];
  /** The first messages of the mailbox are here. */
  readonly length: number;
  /** About how much memory it takes. */
  readonly bytes: number;
  /** Adds the next message: `values` has what `names` says, from `at` on. */
  push(values: readonly SqlValue[], at: number): void;
  /** Forgets messages by their positions, which ascend. */
  remove(gone: readonly number[]): void;
}

/** The groups. */
export class FactColumns {
  readonly dates = new DateFacts();
  readonly threading = new ThreadingFacts();
  readonly #texts: Readonly<Record<TextName, TextColumn>> = {
    subject: new TextColumn("subject"),
    from: new TextColumn("sort_from"),
    to: new TextColumn("sort_to"),
    cc: new TextColumn("sort_cc"),
    displayFrom: new TextColumn("display_from"),
    displayTo: new TextColumn("display_to"),
  };

  get bytes(): number {
    return this.#all.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  text(name: TextName): TextColumn {
    return this.#texts[name];
  }

  group(name: FactGroup): FactColumn {
    if (name === "dates" || name === "threading") return this[name];
    return this.#texts[name];
  }

  /** Forgets messages by their positions, which ascend. */
  remove(gone: readonly number[]): void {
    for (const group of this.#all) group.remove(gone);
  }

  get #all(): readonly FactColumn[] {
    return [this.dates, this.threading, ...Object.values(this.#texts)];
  }
}

/**
 * A column of text of which each value is kept once. Messages have the number
 * of their value; the order of the values is computed when it is asked for.
 */

import type { SqlValue } from "../driver.ts";
import type { FactColumn } from "./fact_columns.ts";
import type { FactName } from "./message_facts.ts";
import { without } from "./without.ts";

/** What a value takes beside its characters, about. */
const VALUE_BYTES = 120;

/** Messages that were forgotten: beyond so many, everything is read anew. */
const MAX_GARBAGE = 100_000;

/** The column. */
export class TextColumn implements FactColumn {
  readonly names: readonly FactName[];
  readonly #numbers = new Map<string, number>();
  #values: string[] = [];
  #rows: number[] = [];
  #order: readonly number[] = [];
  #ranks = new Uint32Array();
  #weight = 0;
  #garbage = 0;

  constructor(name: FactName) {
    this.names = [name];
  }

  get length(): number {
    return this.#rows.length;
  }

  get bytes(): number {
    return this.#rows.length * 8 + this.#weight;
  }

  /** How many values there are. */
  get values(): number {
    return this.#values.length;
  }

  /** The number of a message's value; the same for equal values. */
  valueAt(position: number): number {
    return this.#rows[position] ?? 0;
  }

  /** Whether it is the empty text. */
  isEmptyAt(position: number): boolean {
    return this.#values[this.valueAt(position)] === "";
  }

  push(values: readonly SqlValue[], at: number): void {
    const value = String(values[at] ?? "");
    let number = this.#numbers.get(value);
    if (number === undefined) {
      number = this.#values.length;
      this.#values.push(value);
      this.#numbers.set(value, number);
      this.#weight += value.length * 2 + VALUE_BYTES;
    }
    this.#rows.push(number);
  }

  /** Positions ascend. Values stay: others may come back to them. */
  remove(gone: readonly number[]): void {
    const before = this.length;
    this.#rows = without(this.#rows, gone);
    this.#garbage += before - this.length;
    if (this.#garbage > MAX_GARBAGE) this.#clear();
  }

  #clear(): void {
    this.#numbers.clear();
    this.#values = [];
    this.#rows = [];
    this.#order = [];
    this.#ranks = new Uint32Array();
    this.#weight = 0;
    this.#garbage = 0;
  }

  /** Numbers of values in order: `ranks()[valueAt(position)]`. */
  ranks(): Uint32Array {
    const values = this.#values;
    if (this.#ranks.length === values.length) return this.#ranks;
    // Mostly sorted already, which the sort makes use of.
    const order = [...this.#order];
    for (let n = order.length; n < values.length; n++) order.push(n);
    order.sort((a, b) => compare(values[a] ?? "", values[b] ?? ""));
    const ranks = new Uint32Array(values.length);
    for (const [rank, number] of order.entries()) ranks[number] = rank;
    this.#order = order;
    this.#ranks = ranks;
    return ranks;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * A column of text of which each value is kept once. Messages have the number
 * of their value; the order of the values is computed when it is asked for.
 */

/** What a value takes beside its characters, about. */
const VALUE_BYTES = 120;

/** The column. */
export class TextColumn {
  readonly #numbers = new Map<string, number>();
  readonly #values: string[] = [];
  #rows: number[] = [];
  #order: readonly number[] = [];
  #ranks = new Uint32Array();
  #weight = 0;

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

  push(value: string): void {
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
    this.#rows = without(this.#rows, gone);
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

/** The list without those positions, which ascend. */
export function without(
  list: readonly number[],
  gone: readonly number[],
): number[] {
  const kept: number[] = [];
  let next = 0;
  for (const [at, value] of list.entries()) {
    if (gone[next] === at) next++;
    else kept.push(value);
  }
  return kept;
}

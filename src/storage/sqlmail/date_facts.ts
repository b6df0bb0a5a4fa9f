/** When the messages of a mailbox were written, as arrays. */
import type { SqlValue } from "../driver.ts";
import type { FactColumn } from "./fact_columns.ts";
import { without } from "./without.ts";

/** The arrays. Milliseconds since 1970; `NaN`: no date. */
export class DateFacts implements FactColumn {
  readonly names = ["sent_at", "sent_day"] as const;
  /** Of the Date field. */
  instants: number[] = [];
  /** Midnight UTC of the day that it names in its own zone. */
  days: number[] = [];

  get length(): number {
    return this.days.length;
  }

  get bytes(): number {
    return this.length * 16;
  }

  push(values: readonly SqlValue[], at: number): void {
    this.instants.push(orNaN(values[at]));
    this.days.push(orNaN(values[at + 1]));
  }

  remove(gone: readonly number[]): void {
    this.instants = without(this.instants, gone);
    this.days = without(this.days, gone);
  }
}

function orNaN(value: SqlValue | undefined): number {
  return typeof value === "number" ? value : NaN;
}

/** Reads columns of a row as what they must be. */
import { StorageError } from "#src/errors/errors.ts";
import type { Row, SqlValue } from "./driver.ts";

/** A column that holds an integer. */
export function number(row: Row, column: string): number {
  return asNumber(row[column], column);
}

/** A column that may be NULL. */
export function optionalNumber(row: Row, column: string): number | undefined {
  const value = row[column];
  return value === null || value === undefined
    ? undefined
    : asNumber(value, column);
}

/** A column that holds text. */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw wrong(column);
}

/** A column that holds text or NULL. */
export function optionalText(row: Row, column: string): string | undefined {
  const value = row[column];
  return value === null || value === undefined ? undefined : text(row, column);
}

/** A column that holds bytes. */
export function bytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof Uint8Array) return value;
  throw wrong(column);
}

/** A column that holds bytes or NULL. */
export function optionalBytes(
  row: Row,
  column: string,
): Uint8Array | undefined {
  const value = row[column];
  return value === null || value === undefined ? undefined : bytes(row, column);
}

/** A value that has to be an integer. */
export function asNumber(
  value: SqlValue | undefined,
  column: string,
): number {
  if (typeof value === "number") return value;
  throw wrong(column);
}

function wrong(column: string): StorageError {
  return new StorageError("corrupt", `Column ${column} has another type`);
}

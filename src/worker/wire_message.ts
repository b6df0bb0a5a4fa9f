/** What travels between two channels: small tuples, many in one post. */
import type { WireError } from "./wire_error.ts";

/** Stands in arguments and results for a sequence that its owner yields. */
export interface SourceHandle {
  readonly $source: number;
}

/** The first element of each tuple. */
export const CALL = 0;
export const RESULT = 1;
export const FAILURE = 2;
export const CANCEL = 3;
export const NOTIFY = 4;
/** Consumer to owner: room for so many more items. */
export const PULL = 5;
export const ITEM = 6;
export const END = 7;
export const BREAK = 8;
/** Consumer to owner: wants no more. */
export const RETURN = 9;

export type WireMessage =
  | readonly [
    typeof CALL,
    id: number,
    service: string,
    method: string,
    args: readonly unknown[],
  ]
  | readonly [typeof RESULT, id: number, value: unknown]
  | readonly [typeof FAILURE, id: number, error: WireError]
  | readonly [typeof CANCEL, id: number]
  | readonly [
    typeof NOTIFY,
    service: string,
    method: string,
    args: readonly unknown[],
  ]
  | readonly [typeof PULL, source: number, credit: number]
  | readonly [typeof ITEM, source: number, value: unknown]
  | readonly [typeof END, source: number]
  | readonly [typeof BREAK, source: number, error: WireError]
  | readonly [typeof RETURN, source: number];

/** Whether a value stands for a sequence. */
export function isSourceHandle(value: unknown): value is SourceHandle {
  return typeof value === "object" && value !== null && "$source" in value;
}

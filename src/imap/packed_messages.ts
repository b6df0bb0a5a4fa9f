/**
 * A batch of fetched messages as few long arrays instead of many short ones:
 * made, posted to another worker and read at a fraction of the cost. Whoever
 * reads them sees `FetchedMessage`.
 */
import type { FetchedMessage, Uid } from "./backend.ts";

/** Bytes of one column of all messages, one after the other. */
export interface PackedColumn {
  readonly bytes: Uint8Array;
  /** Where the message's bytes begin; -1: it has none. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** Columns that may have been asked for. */
export type PackedName =
  | "envelope"
  | "bodyStructure"
  | "bodyBasic"
  | "structure"
  | "preview"
  | "header"
  | "body";

/** Numbers; the dates are there where they were asked for. */
export type PackedNumber =
  | "sizeBytes"
  | "headerBytes"
  | "internalDate"
  | "savedAt";

/** Plain data. */
export interface PackedMessages {
  readonly uids: Uint32Array;
  readonly numbers: { readonly [name in PackedNumber]?: Float64Array };
  /** Empty where they were not asked for. */
  readonly emailIds: readonly string[];
  readonly threadIds: readonly string[];
  readonly columns: { readonly [name in PackedName]?: PackedColumn };
  /** Bodies from elsewhere, by index. */
  readonly bodies: ReadonlyMap<number, Uint8Array>;
}

/** The messages; nothing is copied. */
export function unpackMessages(packed: PackedMessages): FetchedMessage[] {
  const messages: FetchedMessage[] = [];
  for (let n = 0; n < packed.uids.length; n++) {
    messages.push(new PackedMessage(packed, n));
  }
  return messages;
}

/** From what `unpackMessages` made the list. */
export function packedOf(
  messages: readonly FetchedMessage[],
): PackedMessages | undefined {
  const [first] = messages;
  return first instanceof PackedMessage ? first.packed : undefined;
}

/** Only the messages at these indexes, ascending. */
export function pickPacked(
  packed: PackedMessages,
  indexes: readonly number[],
): PackedMessages {
  const columns: Partial<Record<PackedName, PackedColumn>> = {};
  for (
    const [name, { bytes, starts, ends }] of Object.entries(packed.columns)
  ) {
    columns[name as PackedName] = {
      bytes,
      starts: Int32Array.from(indexes, (n) => starts[n] ?? -1),
      ends: Int32Array.from(indexes, (n) => ends[n] ?? 0),
    };
  }
  const numbers: Partial<Record<PackedNumber, Float64Array>> = {};
  for (const [name, all] of Object.entries(packed.numbers)) {
    numbers[name as PackedNumber] = Float64Array.from(
      indexes,
      (n) => all[n] ?? 0,
    );
  }
  const bodies = new Map<number, Uint8Array>();
  for (const [to, n] of indexes.entries()) {
    const body = packed.bodies.get(n);
    if (body !== undefined) bodies.set(to, body);
  }
  return {
    uids: Uint32Array.from(indexes, (n) => packed.uids[n] ?? 0),
    numbers,
    emailIds: indexes.map((n) => packed.emailIds[n] ?? ""),
    threadIds: indexes.map((n) => packed.threadIds[n] ?? ""),
    columns,
    bodies,
  };
}

const decoder = new TextDecoder();

/** One message of a batch. */
class PackedMessage implements FetchedMessage {
  readonly packed: PackedMessages;
  readonly #n: number;

  constructor(packed: PackedMessages, n: number) {
    this.packed = packed;
    this.#n = n;
  }

  get uid(): Uid {
    return this.packed.uids[this.#n] ?? 0;
  }

  get internalDate(): number {
    return this.#number(this.packed.numbers.internalDate);
  }

  get savedAt(): number {
    return this.#number(this.packed.numbers.savedAt);
  }

  get sizeBytes(): number {
    return this.#number(this.packed.numbers.sizeBytes);
  }

  get headerBytes(): number {
    return this.#number(this.packed.numbers.headerBytes);
  }

  get emailId(): string {
    return this.packed.emailIds[this.#n] ?? "";
  }

  get threadId(): string {
    return this.packed.threadIds[this.#n] ?? "";
  }

  get envelope(): Uint8Array | undefined {
    return this.#bytes(this.packed.columns.envelope);
  }

  get bodyStructure(): Uint8Array | undefined {
    return this.#bytes(this.packed.columns.bodyStructure);
  }

  get bodyBasic(): Uint8Array | undefined {
    return this.#bytes(this.packed.columns.bodyBasic);
  }

  get structure(): string | undefined {
    return this.#text(this.packed.columns.structure);
  }

  get preview(): string | undefined {
    return this.#text(this.packed.columns.preview);
  }

  get header(): Uint8Array | undefined {
    return this.#bytes(this.packed.columns.header);
  }

  get body(): Uint8Array | undefined {
    return this.#bytes(this.packed.columns.body) ??
      this.packed.bodies.get(this.#n);
  }

  #number(numbers: Float64Array | undefined): number {
    return numbers?.[this.#n] ?? 0;
  }

  #bytes(column: PackedColumn | undefined): Uint8Array | undefined {
    if (column === undefined) return undefined;
    const start = column.starts[this.#n] ?? -1;
    if (start < 0) return undefined;
    return column.bytes.subarray(start, column.ends[this.#n]);
  }

  #text(column: PackedColumn | undefined): string | undefined {
    const bytes = this.#bytes(column);
    return bytes && decoder.decode(bytes);
  }
}

/** `StorageBackend.fetch`: columns of messages in bounded batches. */
import { concatBytes } from "#src/bytes/concat_bytes.ts";
import { StorageError } from "#src/errors/errors.ts";
import type {
  FetchColumns,
  FetchedMessage,
  MailboxId,
} from "#src/imap/backend.ts";
import {
  PACKED_NUMBERS,
  type PackedColumn,
  type PackedMessages,
  type PackedName,
  pickPacked,
  unpackMessages,
} from "#src/imap/packed_messages.ts";
import type { Blobs } from "#src/module/roles/blobs.ts";
import type { Sql, SqlValue, StorageDriver } from "../driver.ts";
import { asNumber } from "../row.ts";
import { ascending } from "./message_rows.ts";
import { emailIdOf } from "./place_messages.ts";
import { readAll } from "./read_all.ts";

/** Messages in one batch. */
const BATCH_MESSAGES = 300;

/** Bytes in one batch, one message more or less. */
const BATCH_BYTES = 256 * 1024;

/** What the summary columns of a message weigh, about. */
const SUMMARY_BYTES = 400;

/** A page is read as a whole where at least one message in so many is wanted. */
const SPARSE = 4;

/** What a fetch works on. */
export interface FetchSource {
  readonly driver: StorageDriver;
  readonly blobs: Blobs;
}

/** A message: the values of `ROW_COLUMNS`. */
type Tuple = readonly SqlValue[];

const ROW_COLUMNS = "uid, flags, modseq, internal_date, saved_at, " +
  "size_bytes, header_bytes, content, thread_id";
const UID = 0;
const SIZE = 5;
const HEADER = 6;
const CONTENT = 7;
const THREAD = 8;

/** Messages that follow each other in the mailbox: read by one query. */
type Run = readonly Tuple[];

/** Column of `contents` for each that can be asked for. */
const COLUMNS: readonly (readonly [PackedName, string])[] = [
  ["envelope", "c.envelope"],
  ["bodyStructure", "c.body_structure"],
  ["bodyBasic", "c.body_basic"],
  ["structure", "c.structure"],
  ["preview", "c.preview"],
  ["header", "c.header"],
];

/** A batch, and bodies that are still to be read from their blobs. */
interface Batch {
  readonly packed: PackedMessages;
  /** Hash by index. */
  readonly blobs: ReadonlyMap<number, string>;
  /** How many of the page it covers. */
  readonly taken: number;
}

/** See `StorageBackend.fetch`. */
export async function* fetchMessages(
  { driver, blobs }: FetchSource,
  mailbox: MailboxId,
  uids: Uint32Array,
  columns: FetchColumns,
): AsyncGenerator<readonly FetchedMessage[], void> {
  const wanted = ascending(uids);
  let at = 0;
  while (at < wanted.length) {
    const page = wanted.subarray(at, at + BATCH_MESSAGES);
    const batch = await driver.read((sql) =>
      readBatch(sql, mailbox, page, columns)
    );
    at += batch.taken;
    const messages = batch.blobs.size === 0
      ? unpackMessages(batch.packed)
      : await withBlobs(blobs, batch);
    if (messages.length > 0) yield messages;
  }
}

/** Reads messages until the batch is full. */
async function readBatch(
  sql: Sql,
  mailbox: MailboxId,
  page: Uint32Array,
  columns: FetchColumns,
): Promise<Batch> {
  const { runs, next } = bounded(await runsOf(sql, mailbox, page), columns);
  const taken = next === undefined ? page.length : page.indexOf(next);
  const list = listOf(columns);
  const parts: PackedColumn[][] = list.map(() => []);
  if (list.length > 0) {
    for (const run of runs) {
      const rows = await sql.packed(
        list.map(([, column]) => column),
        "FROM messages m JOIN contents c ON c.id = m.content WHERE " +
          "m.mailbox = ? AND m.uid >= ? AND m.uid <= ? ORDER BY m.uid",
        [mailbox, run[0]?.[UID] ?? 0, run.at(-1)?.[UID] ?? 0],
      );
      if (rows.count !== run.length) {
        throw new StorageError("corrupt", "A message has no content");
      }
      for (const [n, part] of rows.columns.entries()) parts[n]?.push(part);
    }
  }
  const packed = list.map(([name], n) =>
    [name, joined(parts[n] ?? [])] as const
  );
  return {
    ...pack(runs.flat(), Object.fromEntries(packed), columns),
    taken,
  };
}

/** Columns of `contents` that are needed, by the name in the batch. */
function listOf(
  columns: FetchColumns,
): (readonly [PackedName | "blob", string])[] {
  const list: (readonly [PackedName | "blob", string])[] = COLUMNS.filter(
    ([name]) => columns[name as keyof FetchColumns] === true,
  );
  // A body that is too long is never read from the disk.
  if (columns.bodyUpTo !== undefined) {
    const fits = `CASE WHEN c.body_bytes <= ${Math.trunc(columns.bodyUpTo)}`;
    list.push(["body", `${fits} THEN c.body END`]);
    list.push(["blob", `${fits} THEN c.blob END`]);
  }
  return list;
}

/** The messages among `page` that are there. */
async function runsOf(
  sql: Sql,
  mailbox: MailboxId,
  page: Uint32Array,
): Promise<Run[]> {
  const first = page[0] ?? 0;
  const last = page[page.length - 1] ?? 0;
  const select = `SELECT ${ROW_COLUMNS} FROM messages WHERE mailbox = ? AND `;
  const runs: Tuple[][] = [];
  if (last - first >= page.length * SPARSE) {
    for (const uid of page) {
      const found = await sql.tuples(`${select}uid = ?`, [mailbox, uid]);
      if (found.length > 0) runs.push([...found]);
    }
    return runs;
  }
  let run: Tuple[] | undefined;
  let at = 0;
  for (
    const tuple of await sql.tuples(
      `${select}uid >= ? AND uid <= ? ORDER BY uid`,
      [mailbox, first, last],
    )
  ) {
    const uid = asNumber(tuple[UID], "uid");
    while (at < page.length && (page[at] ?? 0) < uid) at++;
    if (page[at] !== uid) {
      run = undefined;
      continue;
    }
    if (run === undefined) runs.push(run = []);
    run.push(tuple);
  }
  return runs;
}

/** As much as one batch may hold, and the UID with which the next begins. */
function bounded(
  runs: readonly Run[],
  columns: FetchColumns,
): { readonly runs: readonly Run[]; readonly next: number | undefined } {
  const kept: Run[] = [];
  let weight = 0;
  for (const run of runs) {
    for (const [n, tuple] of run.entries()) {
      if (weight >= BATCH_BYTES) {
        if (n > 0) kept.push(run.slice(0, n));
        return { runs: kept, next: asNumber(tuple[UID], "uid") };
      }
      weight += weightOf(tuple, columns);
    }
    kept.push(run);
  }
  return { runs: kept, next: undefined };
}

function weightOf(tuple: Tuple, columns: FetchColumns): number {
  const headerBytes = asNumber(tuple[HEADER], "header_bytes");
  const bodyBytes = asNumber(tuple[SIZE], "size_bytes") - headerBytes;
  let weight = SUMMARY_BYTES;
  if (columns.header) weight += headerBytes;
  if (bodyBytes <= (columns.bodyUpTo ?? -1)) weight += bodyBytes;
  return weight;
}

/** The parts of one column as one. */
function joined(parts: readonly PackedColumn[]): PackedColumn {
  const [only, second] = parts;
  if (only !== undefined && second === undefined) return only;
  let count = 0;
  for (const { starts } of parts) count += starts.length;
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  let at = 0;
  let offset = 0;
  for (const part of parts) {
    for (let n = 0; n < part.starts.length; n++, at++) {
      const start = part.starts[n] ?? -1;
      starts[at] = start < 0 ? -1 : start + offset;
      ends[at] = (part.ends[n] ?? 0) + offset;
    }
    offset += part.bytes.length;
  }
  return { bytes: concatBytes(parts.map(({ bytes }) => bytes)), starts, ends };
}

function pack(
  tuples: readonly Tuple[],
  { blob, ...columns }: { readonly [name: string]: PackedColumn },
  { ids }: FetchColumns,
): Pick<Batch, "packed" | "blobs"> {
  const count = tuples.length;
  const uids = new Uint32Array(count);
  const numbers = new Float64Array(count * PACKED_NUMBERS);
  const emailIds: string[] = [];
  const threadIds: string[] = [];
  for (const [n, tuple] of tuples.entries()) {
    uids[n] = asNumber(tuple[UID], "uid");
    for (let k = 0; k < PACKED_NUMBERS; k++) {
      numbers[n * PACKED_NUMBERS + k] = asNumber(tuple[k + 1], "messages");
    }
    if (ids !== true) continue;
    emailIds.push(emailIdOf(asNumber(tuple[CONTENT], "content")));
    threadIds.push(String(tuple[THREAD]));
  }
  return {
    packed: {
      uids,
      numbers,
      emailIds,
      threadIds,
      columns,
      bodies: new Map(),
    },
    blobs: hashes(blob),
  };
}

/** Blobs by index. */
function hashes(column: PackedColumn | undefined): Map<number, string> {
  const found = new Map<number, string>();
  if (column === undefined || column.bytes.length === 0) return found;
  const decoder = new TextDecoder();
  for (let n = 0; n < column.starts.length; n++) {
    const start = column.starts[n] ?? -1;
    if (start < 0) continue;
    const bytes = column.bytes.subarray(start, column.ends[n]);
    found.set(n, decoder.decode(bytes));
  }
  return found;
}

/** Adds the bodies; leaves out messages that went away meanwhile. */
async function withBlobs(
  blobs: Blobs,
  { packed, blobs: hashes }: Batch,
): Promise<FetchedMessage[]> {
  const bodies = new Map<number, Uint8Array>();
  const gone = new Set<number>();
  const { uids } = packed;
  for (const [n, hash] of hashes) {
    const size = (packed.numbers[n * PACKED_NUMBERS + SIZE - 1] ?? 0) -
      (packed.numbers[n * PACKED_NUMBERS + HEADER - 1] ?? 0);
    try {
      bodies.set(n, await readAll(await blobs.open(hash), size));
    } catch (error) {
      const isGone = error instanceof StorageError && error.kind === "notFound";
      if (!isGone) throw error;
      gone.add(n);
    }
  }
  const whole = { ...packed, bodies };
  if (gone.size === 0) return unpackMessages(whole);
  const kept = [...uids.keys()].filter((n) => !gone.has(n));
  return unpackMessages(pickPacked(whole, kept));
}

/**
 * `sqlite3`: the storage driver on `node:sqlite`, which is built into Deno.
 *
 * One connection writes, another reads; both belong to one thread. The
 * database is in WAL mode with `synchronous=FULL`: a commit is on disk when it
 * returns, and readers (of any worker) never wait for the writer.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Mutex } from "#src/async/mutex.ts";
import { StorageError } from "#src/errors/errors.ts";
import type {
  PackedFields,
  PackedRows,
  Row,
  Sql,
  SqlValue,
  StorageDriver,
  WriteSql,
} from "./driver.ts";

/** How long a statement waits for the lock of another process. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Pages of the log after which SQLite copies them into the database: fewer
 * copies cost less, a longer log makes the start after a crash slower.
 */
const CHECKPOINT_PAGES = 4_000;

/**
 * Bytes of a page. Rows of small messages (header, summary and body, 3 to
 * 6 KiB) fit without overflow pages; measured against 4 KiB and 16 KiB.
 */
const PAGE_SIZE = 8_192;

/** Cached pages of one connection, in KiB (negative, as the pragma wants). */
const CACHE_KIB = -8_192;

/** Statements that are kept prepared; there are about a hundred. */
const MAX_STATEMENTS = 400;

/** Where the database is. */
export interface Sqlite3Options {
  /** Absolute path of the database file. */
  readonly path: string;
  /** Never writes, and does not make the database. */
  readonly readOnly: boolean;
  /**
   * What can be made again need not be on disk when a commit returns; it is
   * whole after a crash all the same, as of some earlier commit.
   */
  readonly canBeMadeAgain?: boolean;
}

/** What SQLite says of a file that it cannot read; Deno gives no code of it. */
const CORRUPT = /not a database|malformed/;

/** The driver. */
export class Sqlite3 implements StorageDriver {
  readonly #options: Sqlite3Options;
  readonly #writing = new Mutex();
  readonly #reading = new Mutex();
  #writer: Connection | undefined;
  #reader: Connection | undefined;
  #dataVersion = 0;

  constructor(options: Sqlite3Options) {
    this.#options = options;
  }

  // deno-lint-ignore require-await -- a mistake has to be a rejection
  async open(): Promise<void> {
    try {
      this.#open();
    } catch (error) {
      throw openFailure(this.#options.path, error);
    }
  }

  #open(): void {
    const { path, readOnly, canBeMadeAgain } = this.#options;
    if (!readOnly) {
      const writer = new Connection(openDatabase(path, { readOnly }));
      this.#writer = writer;
      writer.exec(`PRAGMA page_size = ${PAGE_SIZE}`);
      writer.exec("PRAGMA journal_mode = WAL");
      const durability = canBeMadeAgain === true ? "NORMAL" : "FULL";
      writer.exec(`PRAGMA synchronous = ${durability}`);
      writer.exec("PRAGMA foreign_keys = ON");
      writer.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      writer.exec(`PRAGMA cache_size = ${CACHE_KIB}`);
      writer.exec("PRAGMA temp_store = MEMORY");
      this.#dataVersion = dataVersion(writer);
    }
    const reader = new Connection(openDatabase(path, { readOnly: true }));
    this.#reader = reader;
    reader.exec("PRAGMA query_only = ON");
    reader.exec(`PRAGMA cache_size = ${CACHE_KIB}`);
  }

  write<T>(work: (sql: WriteSql) => Promise<T>): Promise<T> {
    return this.#writing.run(async () => {
      const writer = this.#writer;
      if (writer === undefined) throw closed();
      writer.command("BEGIN IMMEDIATE");
      try {
        const result = await work(writer);
        writer.command("COMMIT");
        return result;
      } catch (error) {
        writer.rollback();
        throw error;
      }
    });
  }

  read<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#reading.run(async () => {
      const reader = this.#reader;
      if (reader === undefined) throw closed();
      reader.command("BEGIN");
      try {
        return await work(reader);
      } finally {
        reader.rollback();
      }
    });
  }

  changedByOthers(sql: WriteSql): boolean {
    const version = dataVersion(sql as Connection);
    const changed = version !== this.#dataVersion;
    this.#dataVersion = version;
    return changed;
  }

  script(sql: WriteSql, text: string): void {
    (sql as Connection).exec(text);
  }

  schemaVersion(sql: Sql): number {
    const row = (sql as Connection).one("PRAGMA user_version");
    return Number(row?.user_version ?? 0);
  }

  setSchemaVersion(sql: WriteSql, version: number): void {
    (sql as Connection).exec(`PRAGMA user_version = ${Math.trunc(version)}`);
  }

  close(): Promise<void> {
    // The reader first: the last connection to close tidies the log away.
    this.#reader?.close();
    this.#writer?.close();
    this.#reader = undefined;
    this.#writer = undefined;
    return Promise.resolve();
  }
}

function openDatabase(
  path: string,
  options: { readonly readOnly: boolean },
): DatabaseSync {
  return new DatabaseSync(path, { ...options, timeout: BUSY_TIMEOUT_MS });
}

/** SQLite does not say which file it could not open. */
function openFailure(path: string, cause: unknown): StorageError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const kind = CORRUPT.test(reason) ? "corrupt" : "busy";
  return new StorageError(kind, `${path}: ${reason}`, { cause });
}

function closed(): StorageError {
  return new StorageError("busy", "The database is not open");
}

function dataVersion(connection: Connection): number {
  return Number(connection.one("PRAGMA data_version")?.data_version ?? 0);
}

const AS_ARRAYS = true;

/** There at run time, but not in the types of Deno 2.9. */
interface ReturnsArrays {
  setReturnArrays(enabled: boolean): void;
}

/** One connection with its prepared statements. */
class Connection implements WriteSql {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #tuples = new Map<string, StatementSync>();
  #savepoint = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  exec(text: string): void {
    this.#database.exec(text);
  }

  /** A statement without parameters or rows, prepared. */
  command(sql: string): void {
    if (!sql.startsWith("ROLLBACK TO")) this.#savepoint = false;
    this.#prepare(sql).run();
  }

  rollback(): void {
    // A failed COMMIT may have rolled back by itself: then this one fails.
    try {
      this.command("ROLLBACK");
    } catch {
      // No transaction is open, which is what was wanted.
    }
  }

  savepoint(): void {
    if (this.#savepoint) this.#prepare("RELEASE op").run();
    this.#prepare("SAVEPOINT op").run();
    this.#savepoint = true;
  }

  rollbackTo(): void {
    this.#prepare("ROLLBACK TO op").run();
  }

  run(sql: string, params: readonly SqlValue[] = []): number {
    return Number(this.#prepare(sql).run(...params).changes);
  }

  one(sql: string, params: readonly SqlValue[] = []): Row | undefined {
    return this.#prepare(sql).get(...params) as Row | undefined;
  }

  all(sql: string, params: readonly SqlValue[] = []): readonly Row[] {
    return this.#prepare(sql).all(...params) as readonly Row[];
  }

  tuples(
    sql: string,
    params: readonly SqlValue[] = [],
  ): readonly (readonly SqlValue[])[] {
    let statement = this.#tuples.get(sql);
    if (statement === undefined) {
      forgetOldest(this.#tuples);
      statement = this.#database.prepare(sql);
      (statement as unknown as ReturnsArrays).setReturnArrays(AS_ARRAYS);
      this.#tuples.set(sql, statement);
    }
    return statement.all(...params) as unknown as SqlValue[][];
  }

  packed(
    { numbers, columns }: PackedFields,
    rest: string,
    params: readonly SqlValue[] = [],
  ): PackedRows {
    const sql = packedSql(numbers, columns, rest);
    const [values = []] = this.tuples(sql, params);
    const count = Number(values[0] ?? 0);
    const first = 1 + numbers.length;
    return {
      count,
      numbers: numbers.map((_, n) =>
        parseNumbers(String(values[1 + n] ?? ""), count)
      ),
      columns: columns.map((_, n) => {
        const bytes = values[first + n * 2];
        const lengths = String(values[first + 1 + n * 2] ?? "");
        return {
          bytes: bytes instanceof Uint8Array ? bytes : new Uint8Array(0),
          ...rangesOf(parseNumbers(lengths, count)),
        };
      }),
    };
  }

  close(): void {
    this.#statements.clear();
    this.#tuples.clear();
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      forgetOldest(this.#statements);
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * One row: the number of rows, the numbers, then for each column its bytes and
 * lengths. `group_concat` keeps bytes as they are, NUL and what is no UTF-8
 * included, and takes rows in the order of the inner query.
 */
function packedSql(
  numbers: readonly string[],
  columns: readonly string[],
  rest: string,
): string {
  const inner = [
    ...numbers.map((number, n) => `${number} AS n${n}`),
    ...columns.map((column, n) => `CAST(${column} AS BLOB) AS c${n}`),
  ];
  const outer = [
    "count(*)",
    ...numbers.map((_, n) => `group_concat(n${n})`),
    ...columns.map((_, n) =>
      `CAST(group_concat(c${n}, '') AS BLOB), ` +
      `group_concat(ifnull(length(c${n}), -1))`
    ),
  ];
  return `SELECT ${outer.join(", ")} FROM (SELECT ${inner.join(", ")} ${rest})`;
}

const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;

/** `count` integers from `12,-1,3`. */
function parseNumbers(text: string, count: number): Float64Array {
  const numbers = new Float64Array(count);
  let at = 0;
  for (let n = 0; n < count; n++) {
    const isNegative = text.charCodeAt(at) === MINUS;
    if (isNegative) at++;
    let number = 0;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === COMMA) break;
      number = number * 10 + (code - ZERO);
    }
    at++;
    numbers[n] = isNegative ? -number : number;
  }
  return numbers;
}

/** Where each begins and ends that is so long; -1 is NULL. */
function rangesOf(
  lengths: Float64Array,
): Pick<PackedRows["columns"][number], "starts" | "ends"> {
  const starts = new Int32Array(lengths.length);
  const ends = new Int32Array(lengths.length);
  let offset = 0;
  for (let n = 0; n < lengths.length; n++) {
    const length = lengths[n] ?? -1;
    starts[n] = length < 0 ? -1 : offset;
    if (length > 0) offset += length;
    ends[n] = offset;
  }
  return { starts, ends };
}

/** Makes room for one more. */
function forgetOldest(statements: Map<string, StatementSync>): void {
  if (statements.size < MAX_STATEMENTS) return;
  const [oldest] = statements.keys();
  if (oldest !== undefined) statements.delete(oldest);
}

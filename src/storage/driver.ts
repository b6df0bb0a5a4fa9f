/**
 * The database as the storage modules see it: SQL text with parameters,
 * transactions, one writing and one reading connection. `sqlite3.ts` is the
 * first; a PostgreSQL one fits behind the same interface.
 *
 * SQL rules that keep both possible
 * - Parameters are written `?`, in order; a driver may number them itself.
 * - Only what both speak: no dialect functions, `UPDATE ... FROM` and
 *   `INSERT ... ON CONFLICT` are fine, `RETURNING` is fine.
 * - Integers stay below 2^53; instants are milliseconds since 1970.
 * - The SQL text itself is the key of the cache of prepared statements, so it
 *   must be constant, or one of few.
 */

/** What goes into and comes out of the database. */
export type SqlValue = null | number | string | Uint8Array;

/** One row by column name. Columns are read with `number`, `text`, `bytes`. */
export type Row = Readonly<Record<string, SqlValue | undefined>>;

/**
 * A driver that works at once answers at once; always `await` what comes.
 * Between two awaits of one transaction nothing else runs in it.
 */
export type Maybe<T> = T | Promise<T>;

/** What `Sql.packed` is to select, as SQL expressions. */
export interface PackedFields {
  /** Integers, never NULL. */
  readonly numbers: readonly string[];
  /** Text or bytes. */
  readonly columns: readonly string[];
}

/** Fields of many rows: numbers as arrays, each column as one run of bytes. */
export interface PackedRows {
  readonly count: number;
  readonly numbers: readonly Float64Array[];
  readonly columns: readonly {
    readonly bytes: Uint8Array;
    /** Where a row's bytes begin; -1 for NULL. */
    readonly starts: Int32Array;
    readonly ends: Int32Array;
  }[];
}

/** Statements inside one transaction. */
export interface Sql {
  /** Runs a statement that gives no rows; how many rows it changed. */
  run(sql: string, params?: readonly SqlValue[]): Maybe<number>;
  /** The first row. */
  one(sql: string, params?: readonly SqlValue[]): Maybe<Row | undefined>;
  /** All rows; the statement must bound their number and size. */
  all(sql: string, params?: readonly SqlValue[]): Maybe<readonly Row[]>;
  /** All rows, each as the values of its columns: for many small rows. */
  tuples(
    sql: string,
    params?: readonly SqlValue[],
  ): Maybe<readonly (readonly SqlValue[])[]>;
  /**
   * `SELECT fields` and `rest` (from FROM on, with an order) of many rows at
   * once, text as UTF-8: much cheaper than a value each.
   */
  packed(
    fields: PackedFields,
    rest: string,
    params?: readonly SqlValue[],
  ): Maybe<PackedRows>;
}

/** A transaction that writes. */
export interface WriteSql extends Sql {
  /** Marks a point to which `rollbackTo` goes back; replaces the last one. */
  savepoint(): Maybe<void>;
  /** Undoes everything since `savepoint`; the point stays. */
  rollbackTo(): Maybe<void>;
}

/** One database. */
export interface StorageDriver {
  /**
   * Opens for reading and, unless `readOnly`, for writing. Makes the database
   * where it is not there (only when writing).
   */
  open(): Promise<void>;
  /**
   * Runs `work` in the one writing transaction and commits: when this has
   * resolved, everything is on disk. Rejects after rolling back when `work`
   * rejects or the commit fails. One at a time.
   */
  write<T>(work: (sql: WriteSql) => Promise<T>): Promise<T>;
  /**
   * Runs `work` on one consistent state that has every commit made before the
   * call. Short: other reads may have to wait for it.
   */
  read<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /**
   * Whether somebody else wrote since the last call from the same driver. Asked
   * inside `write`; what was cached of the database is then stale.
   */
  changedByOthers(sql: WriteSql): Maybe<boolean>;
  /** Runs schema text of several statements. */
  script(sql: WriteSql, text: string): Maybe<void>;
  /** Number of the schema, 0 for an empty database. */
  schemaVersion(sql: Sql): Maybe<number>;
  setSchemaVersion(sql: WriteSql, version: number): Maybe<void>;
  close(): Promise<void>;
}

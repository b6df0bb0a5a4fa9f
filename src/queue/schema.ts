/** Tables of the queue's database and their migrations. */
import type { DatabaseSync } from "node:sqlite";
import { StorageError } from "#src/errors/errors.ts";

/** Migration n brings the database from version n to n + 1. Never changed. */
const MIGRATIONS: readonly string[] = [
  `
CREATE TABLE messages (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  envelope TEXT NOT NULL,
  header BLOB NOT NULL,
  body BLOB,
  file TEXT,
  body_size INTEGER NOT NULL,
  route TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE TABLE recipients (
  key INTEGER PRIMARY KEY,
  message INTEGER NOT NULL REFERENCES messages (key),
  recipient TEXT NOT NULL,
  lane TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  last_reply TEXT,
  delay_reported INTEGER NOT NULL
) STRICT;
CREATE INDEX recipients_by_message ON recipients (message);
CREATE INDEX recipients_by_lane ON recipients (state, lane, next_at, message);
CREATE INDEX recipients_by_time ON recipients (state, next_at, lane);
`,
  `
CREATE TABLE account_days (
  account TEXT NOT NULL,
  day INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  new_recipients INTEGER NOT NULL,
  PRIMARY KEY (account, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE known_recipients (
  account TEXT NOT NULL,
  address TEXT NOT NULL,
  day INTEGER NOT NULL,
  PRIMARY KEY (account, address)
) STRICT, WITHOUT ROWID;
`,
];

/** The present version. */
export const QUEUE_SCHEMA: number = MIGRATIONS.length;

/** Brings the database to the present version. */
export function migrate(database: DatabaseSync): void {
  const row = database.prepare("PRAGMA user_version").get();
  const version = Number(row?.["user_version"]);
  if (version > MIGRATIONS.length) {
    throw new StorageError(
      "invalid",
      `The queue was written by a newer version (schema ${version})`,
    );
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue;
    database.exec(
      `BEGIN IMMEDIATE; ${sql} PRAGMA user_version = ${index + 1}; COMMIT;`,
    );
  }
}

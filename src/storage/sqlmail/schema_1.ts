/**
 * Schema 1 of `sqlmail`. Released: never edit it; add another number and list
 * it in `migrations.ts`.
 *
 * Columns that are read most stand first: SQLite reads a long row only as far
 * as it has to.
 */
export const SCHEMA_1 = `
CREATE TABLE settings (
  name TEXT PRIMARY KEY NOT NULL,
  value INTEGER NOT NULL
);

-- The name is normalised: lower case, NFC, domain in ASCII.
CREATE TABLE accounts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  -- 'active' or 'disabled'.
  state TEXT NOT NULL,
  password TEXT NOT NULL,
  scram_salt BLOB NOT NULL,
  scram_iterations INTEGER NOT NULL,
  scram_stored_key BLOB NOT NULL,
  scram_server_key BLOB NOT NULL,
  quota_bytes INTEGER,
  quota_messages INTEGER,
  created_at INTEGER NOT NULL
);

-- Every address at which an account gets mail, its name among them.
CREATE TABLE addresses (
  address TEXT PRIMARY KEY NOT NULL,
  account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX addresses_account ON addresses (account);

-- Ids are never used twice: sessions know a mailbox by its id.
CREATE TABLE mailboxes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  object_id TEXT NOT NULL,
  special_use TEXT,
  uid_validity INTEGER NOT NULL,
  uid_next INTEGER NOT NULL,
  highest_modseq INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  unseen INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  first_recent INTEGER NOT NULL,
  UNIQUE (account, name)
);

-- By name: a subscription outlives its mailbox (RFC 9051 section 6.3.7).
CREATE TABLE subscriptions (
  account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  PRIMARY KEY (account, name)
) WITHOUT ROWID;

CREATE TABLE keywords (
  mailbox INTEGER NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (mailbox, number)
) WITHOUT ROWID;

-- One row a message, shared by all of its copies; \`uses\` counts them. The body
-- is in \`body\`, or in the blob of that hash.
CREATE TABLE contents (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uses INTEGER NOT NULL,
  header_bytes INTEGER NOT NULL,
  body_bytes INTEGER NOT NULL,
  blob TEXT,
  sent_at INTEGER,
  has_attachment INTEGER NOT NULL,
  message_id TEXT NOT NULL,
  base_subject TEXT NOT NULL,
  sort_from TEXT NOT NULL,
  sort_to TEXT NOT NULL,
  sort_cc TEXT NOT NULL,
  preview TEXT NOT NULL,
  envelope BLOB NOT NULL,
  body_structure BLOB NOT NULL,
  body_basic BLOB NOT NULL,
  structure TEXT NOT NULL,
  reference_ids TEXT NOT NULL,
  header BLOB NOT NULL,
  body BLOB
);
CREATE INDEX contents_unused ON contents (id) WHERE uses = 0;
CREATE INDEX contents_blob ON contents (blob) WHERE blob IS NOT NULL;

CREATE TABLE messages (
  mailbox INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  modseq INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  internal_date INTEGER NOT NULL,
  saved_at INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  header_bytes INTEGER NOT NULL,
  content INTEGER NOT NULL,
  thread_id TEXT NOT NULL,
  PRIMARY KEY (mailbox, uid)
) WITHOUT ROWID;
CREATE INDEX messages_modseq ON messages (mailbox, modseq);

-- What was expunged, for CONDSTORE and QRESYNC.
CREATE TABLE expunged (
  mailbox INTEGER NOT NULL,
  modseq INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  PRIMARY KEY (mailbox, modseq, uid)
) WITHOUT ROWID;
`;

/**
 * The search database: a file of its own that can be made again from the mail
 * database at any time. No migrations: another `SEARCH_FORMAT` makes it anew.
 *
 * The index is cut into blocks, each over a range of content ids. A block has
 * its own vocabulary: one row of `words` for every word of every field, with
 * the documents of the block in which it stands and its places there. FTS5
 * (`grams`, three characters to a term) finds the words that contain a text;
 * their rows then say exactly which documents have it, so that no message has
 * to be looked at. See `word_cutter.ts` for what a word is.
 *
 * Document numbers in a block count from its first content id. Blobs of
 * numbers are varints (`varints.ts`).
 */

/** Number of this layout and of what `fold` and `WordCutter` make of a text. */
export const SEARCH_FORMAT = 3;

/** Stands before each word in `grams`; `fold` leaves no control characters. */
export const WORD_START = "\u0001";

/** Stands after each word in `grams`. */
export const WORD_END = "\u0002";

/** The schema. */
export const SEARCH_SCHEMA = `
CREATE TABLE meta (
  name TEXT PRIMARY KEY NOT NULL,
  value INTEGER NOT NULL
) WITHOUT ROWID;

-- Header fields that have words of their own; all others share \`OTHER\`.
CREATE TABLE fields (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

-- \`ranges\`: JSON, [field, first word, last word] in the order of the words.
-- \`vague\` has words too long to be known as a whole; \`partial\` has text that
-- is not in the index: deltas of document numbers.
CREATE TABLE blocks (
  first INTEGER PRIMARY KEY,
  last INTEGER NOT NULL,
  documents INTEGER NOT NULL,
  -- Of words, in all documents.
  places INTEGER NOT NULL,
  built_at INTEGER NOT NULL,
  first_word INTEGER NOT NULL,
  last_word INTEGER NOT NULL,
  ranges TEXT NOT NULL,
  vague BLOB NOT NULL,
  partial BLOB NOT NULL
);

-- \`documents\`: deltas. \`places\`: for each document its length in bytes, then
-- deltas.
CREATE TABLE words (
  id INTEGER PRIMARY KEY,
  word TEXT NOT NULL,
  documents BLOB NOT NULL,
  places BLOB NOT NULL
);

-- The words of one field of one block in their order, each between two
-- \`WORD_START\`; \`first\` is the id of the first one. Read where a text is too
-- short for \`grams\`.
CREATE TABLE vocabularies (
  first INTEGER PRIMARY KEY,
  words TEXT NOT NULL
);

CREATE VIRTUAL TABLE grams USING fts5 (
  word, content = '', detail = none, columnsize = 0,
  tokenize = "trigram case_sensitive 1"
);
-- Bytes of terms that are gathered before they are written, which takes time.
INSERT INTO grams (grams, rank) VALUES ('hashsize', 262144);

-- What SORT and THREAD need of a content; ids of messages are hashes.
CREATE TABLE facts (
  id INTEGER PRIMARY KEY,
  sent_at INTEGER,
  sent_day INTEGER,
  subject TEXT NOT NULL,
  replies INTEGER NOT NULL,
  sort_from TEXT NOT NULL,
  sort_to TEXT NOT NULL,
  sort_cc TEXT NOT NULL,
  display_from TEXT NOT NULL,
  display_to TEXT NOT NULL,
  message_id INTEGER NOT NULL,
  reference_ids BLOB NOT NULL
);
`;

/** Removes everything. */
export const DROP_SEARCH_SCHEMA = `
DROP TABLE IF EXISTS meta;
DROP TABLE IF EXISTS fields;
DROP TABLE IF EXISTS blocks;
DROP TABLE IF EXISTS words;
DROP TABLE IF EXISTS vocabularies;
DROP TABLE IF EXISTS grams;
DROP TABLE IF EXISTS facts;
`;

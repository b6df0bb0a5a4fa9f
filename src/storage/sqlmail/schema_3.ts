/**
 * Schema 3 of `sqlmail`: bodies apart from what is known of a message. Released:
 * never edit it; add another number and list it in `migrations.ts`.
 *
 * Lists of messages are asked for far more often than bodies: without them many
 * messages fit on a page, and counting the uses of one writes no body anew.
 */
export const SCHEMA_3 = `
CREATE TABLE bodies (
  content INTEGER PRIMARY KEY NOT NULL
    REFERENCES contents (id) ON DELETE CASCADE,
  bytes BLOB NOT NULL
);
INSERT INTO bodies (content, bytes)
  SELECT id, body FROM contents WHERE body IS NOT NULL ORDER BY id;
ALTER TABLE contents DROP COLUMN body;
`;

/**
 * Schema 2 of `sqlmail`: what accounts use, access by others, annotations.
 * Released: never edit it; add another number and list it in `migrations.ts`.
 *
 * `Other Users` became the name of what others share (RFC 2342), so mailboxes
 * that somebody has made under it get another name.
 */
export const SCHEMA_2 = `
-- Sum of RFC822.SIZE of the messages with \\Deleted.
ALTER TABLE mailboxes ADD COLUMN deleted_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE mailboxes SET deleted_bytes = COALESCE(
  (SELECT SUM(size_bytes) FROM messages
    WHERE mailbox = mailboxes.id AND flags & 8 <> 0), 0)
  WHERE deleted > 0;

-- The first name \`Other Users N\` that the account has not given to anything.
CREATE TABLE other_users (account INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO other_users (account, name)
  WITH RECURSIVE tried (account, n) AS (
    SELECT account, 1 FROM (
      SELECT account, name FROM mailboxes
      UNION SELECT account, name FROM subscriptions) AS names
      WHERE name = 'Other Users' OR substr(name, 1, 12) = 'Other Users/'
      GROUP BY account
    UNION ALL
    SELECT account, n + 1 FROM tried
      WHERE EXISTS (SELECT 1 FROM mailboxes m WHERE m.account = tried.account
          AND (m.name = 'Other Users ' || n
            OR m.name >= 'Other Users ' || n || '/'
              AND m.name < 'Other Users ' || n || '0'))
        OR EXISTS (SELECT 1 FROM subscriptions s
          WHERE s.account = tried.account
          AND (s.name = 'Other Users ' || n
            OR s.name >= 'Other Users ' || n || '/'
              AND s.name < 'Other Users ' || n || '0'))
  )
  SELECT account, 'Other Users ' || max(n) FROM tried GROUP BY account;
UPDATE mailboxes
  SET name = (SELECT o.name FROM other_users o
    WHERE o.account = mailboxes.account) || substr(name, 12)
  WHERE name = 'Other Users' OR substr(name, 1, 12) = 'Other Users/';
UPDATE subscriptions
  SET name = (SELECT o.name FROM other_users o
    WHERE o.account = subscriptions.account) || substr(name, 12)
  WHERE name = 'Other Users' OR substr(name, 1, 12) = 'Other Users/';
DROP TABLE other_users;

-- The sums over the mailboxes of an account.
CREATE TABLE usage (
  account INTEGER PRIMARY KEY NOT NULL
    REFERENCES accounts (id) ON DELETE CASCADE,
  size_bytes INTEGER NOT NULL,
  messages INTEGER NOT NULL
);
INSERT INTO usage (account, size_bytes, messages)
  SELECT a.id, COALESCE(SUM(m.size_bytes), 0), COALESCE(SUM(m.messages), 0)
  FROM accounts a LEFT JOIN mailboxes m ON m.account = a.id GROUP BY a.id;

-- Rights of others than the owner (RFC 4314). The identifier is the name of an
-- account or 'anyone', with '-' before it where rights are taken away.
CREATE TABLE acl (
  mailbox INTEGER NOT NULL REFERENCES mailboxes (id) ON DELETE CASCADE,
  identifier TEXT NOT NULL,
  rights TEXT NOT NULL,
  PRIMARY KEY (mailbox, identifier)
) WITHOUT ROWID;
CREATE INDEX acl_identifier ON acl (identifier, mailbox);

-- Annotations (RFC 5464). Mailbox 0 is the server; reader 0 is everybody.
-- The account is the one at whose cost it is; 0 where it is the server's.
CREATE TABLE metadata (
  mailbox INTEGER NOT NULL,
  reader INTEGER NOT NULL,
  name TEXT NOT NULL,
  account INTEGER NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (mailbox, reader, name)
);
CREATE INDEX metadata_account ON metadata (account);
CREATE INDEX metadata_reader ON metadata (reader);
`;

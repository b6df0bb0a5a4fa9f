/**
 * Module `sqlmail`: accounts and mailboxes in one SQL database. Roles
 * `storage`, `auth`, `delivery` and `admin`.
 *
 * Only the declaration; the parts are the files beside this one, joined in
 * `create_sqlmail.ts`.
 */
import { dirname } from "node:path";
import { duration, size } from "#src/config/quantities.ts";
import { path } from "#src/config/places.ts";
import type { ConfigOf } from "#src/config/directive.ts";
import { integer, oneOf } from "#src/config/values.ts";
import { defineModule } from "#src/module/define.ts";
import { ref } from "#src/module/ref.ts";
import { isIndexer } from "./is_indexer.ts";
import { searchFiles, searchPath } from "./search_path.ts";

const config = {
  driver: oneOf(["sqlite3"], {
    doc: "The kind of database.",
    default: "sqlite3",
  }),
  dsn: path({
    doc: "File of the database. Beside it lie its log (-wal, -shm) and the " +
      "search index (-search.db), which may be deleted while the server is " +
      "stopped: it is made again.",
    default: "mail.db",
  }),
  blobs: ref("blobs", { doc: "Where large bodies are kept." }),
  blob_threshold: size({
    doc: "Bodies longer than this are kept in blobs, others in the database.",
    default: "64K",
  }),
  append_limit: size({
    doc: "Longest message that an IMAP client may store.",
    default: "50M",
  }),
  default_quota: size({
    doc: "How much mail an account may have that has no limit of its own " +
      "(`epistle account quota`). 0: no limit. It counts the messages of all " +
      "mailboxes of the account as they came.",
    default: "0",
  }),
  default_quota_messages: integer({
    doc: "How many messages such an account may have. 0: no limit.",
    default: 0,
    min: 0,
  }),
  login_cache: duration({
    doc: "How long a password that was right is remembered, as a keyed hash " +
      "in memory, so that clients that log in all the time cost little. A " +
      "changed password is known at once; a wrong one is never remembered. " +
      "0: not at all.",
    default: "5m",
  }),
};

/** The settings of a block. */
export type SqlmailConfig = ConfigOf<typeof config>;

/** Module `sqlmail`. */
export const sqlmail = defineModule({
  name: "sqlmail",
  version: "1.0.0",
  doc: "Accounts and mailboxes in one SQL database.\n\n" +
    "It keeps the mailboxes that IMAP shows, checks the passwords of its " +
    "accounts, and takes mail for their addresses. Everything that it has " +
    "acknowledged is on disk; work that arrives at the same time shares one " +
    "write to the disk. `user+tag@domain` is delivered to `user@domain`.",
  roles: ["storage", "auth", "delivery", "admin"],
  home: "storage",
  config,
  permissions: ({ dsn }, { worker, globals }) => {
    // SQLite opens its logs beside the databases by itself: the grants for the
    // files are enough, and keys in the same folder stay out of reach.
    const read = [dsn, searchPath(dsn)];
    // A broken search database is removed and made again.
    const index = isIndexer(worker, globals) ? searchFiles(dsn) : [];
    const isReader = worker === "reader" || worker === "indexer";
    return { read, write: isReader ? index : [dsn, ...index] };
  },
  async prepare({ dsn }): Promise<void> {
    await Deno.mkdir(dirname(dsn), { recursive: true, mode: 0o700 });
  },
  async create(config, host) {
    const { createSqlmail } = await import("./create_sqlmail.ts");
    return createSqlmail(config, host);
  },
});

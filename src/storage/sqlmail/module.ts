/**
 * Module `sqlmail`: accounts and mailboxes in one SQL database. Roles
 * `storage`, `auth`, `delivery` and `admin`.
 *
 * Only the declaration and how the parts are joined; the parts are the files
 * beside this one.
 */
import { dirname } from "node:path";
import { size } from "#src/config/quantities.ts";
import { path } from "#src/config/places.ts";
import type { ConfigOf } from "#src/config/directive.ts";
import { oneOf } from "#src/config/values.ts";
import { StorageError } from "#src/errors/errors.ts";
import type { ChangeHint } from "#src/imap/backend.ts";
import { defineModule, type Instance } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import { ref } from "#src/module/ref.ts";
import { Sqlite3 } from "../sqlite3.ts";
import { AccountsAdmin } from "./accounts_admin.ts";
import { Addresses } from "./addresses.ts";
import { BodyStore } from "./body_store.ts";
import { Deliverer } from "./deliver.ts";
import { Login } from "./login.ts";
import { HintListeners, MailStore } from "./mail_store.ts";
import { isMigrated, migrate } from "./migrations.ts";
import { Reader } from "./reader.ts";
import { Sweep } from "./sweep.ts";
import { Writer } from "./writer.ts";

/** How long a reader waits for the writer to make the database. */
const READER_WAIT_MS = 30_000;
const READER_STEP_MS = 20;

const config = {
  driver: oneOf(["sqlite3"], {
    doc: "The kind of database.",
    default: "sqlite3",
  }),
  dsn: path({
    doc: "File of the database. Beside it lie its log (-wal, -shm).",
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
};

type Config = ConfigOf<typeof config>;

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
  permissions: ({ dsn }, { worker }) =>
    // SQLite opens its log beside the database by itself: the grant for the
    // file is enough, and keys in the same folder stay out of reach.
    worker === "reader" ? { read: [dsn] } : { read: [dsn], write: [dsn] },
  async prepare({ dsn }): Promise<void> {
    await Deno.mkdir(dirname(dsn), { recursive: true, mode: 0o700 });
  },
  create: (config, host) => create(config, host),
});

function create(
  config: Config,
  host: Host,
): Instance<"storage" | "auth" | "delivery" | "admin"> {
  const readOnly = host.worker === "reader";
  const { clock, log } = host;
  const now = (): number => clock.now();
  const driver = new Sqlite3({ path: config.dsn, readOnly });
  const blobs = host.use(config.blobs);
  const addresses = new Addresses(host.globals);
  const hints = new HintListeners();
  const publish = (list: readonly ChangeHint[]): void => hints.publish(list);
  const writer = new Writer({ driver, now, publish });
  const bodies = new BodyStore(blobs, config.blob_threshold);
  const appendLimit = config.append_limit;
  const reader = new Reader({ driver, blobs, addresses, now, appendLimit });
  const sweep = new Sweep({ driver, writer, blobs, bodies, clock, log });
  return {
    storage: new MailStore({
      reader,
      writer: readOnly ? undefined : writer,
      bodies: readOnly ? undefined : bodies,
      hints,
    }),
    auth: new Login({
      driver,
      addresses,
      instance: host.instance,
      monotonic: () => clock.monotonic(),
    }),
    delivery: new Deliverer({ driver, writer, bodies, addresses }),
    admin: new AccountsAdmin({ driver, writer, addresses }),
    async start(signal): Promise<void> {
      if (readOnly) return await openWhenMade(driver, host, signal);
      await driver.open();
      await migrate(driver);
      host.spawn("sweep", (stop) => sweep.run(stop));
    },
    async stop(): Promise<void> {
      await writer.close();
      await driver.close();
    },
  };
}

/** Opens a database that the writer may still be making. */
async function openWhenMade(
  driver: Sqlite3,
  { clock }: Host,
  signal: AbortSignal,
): Promise<void> {
  const end = clock.monotonic() + READER_WAIT_MS;
  for (;;) {
    try {
      await driver.open();
      if (await isMigrated(driver)) return;
    } catch (error) {
      const final = error instanceof StorageError && error.kind === "invalid";
      if (final || clock.monotonic() > end) throw error;
    }
    await driver.close();
    if (clock.monotonic() > end) {
      throw new StorageError("busy", "The mail database is not ready");
    }
    await clock.sleep(READER_STEP_MS, signal);
  }
}

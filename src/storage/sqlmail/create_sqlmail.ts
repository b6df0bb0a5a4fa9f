/** How the parts of `sqlmail` are joined; its settings are in `module.ts`. */
import { StorageError } from "#src/errors/errors.ts";
import type { ChangeHint } from "#src/imap/backend.ts";
import type { Instance } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import { Sqlite3 } from "../sqlite3.ts";
import { AccountsAdmin } from "./accounts_admin.ts";
import { Addresses } from "./addresses.ts";
import { BodyStore } from "./body_store.ts";
import { SearchIndex } from "../fulltext/search_index.ts";
import { Deliverer } from "./deliver.ts";
import { Indexer } from "./indexer.ts";
import { isIndexer } from "./is_indexer.ts";
import { Login } from "./login.ts";
import { HintListeners, MailStore } from "./mail_store.ts";
import { MailboxCache } from "./mailbox_cache.ts";
import { isMigrated, migrate } from "./migrations.ts";
import type { SqlmailConfig } from "./module.ts";
import { Reader } from "./reader.ts";
import { SearchAdmin } from "./search_admin.ts";
import { searchPath } from "./search_path.ts";
import { Sweep } from "./sweep.ts";
import { Writer } from "./writer.ts";

/** How long a reader waits for the writer to make the database. */
const READER_WAIT_MS = 30_000;
const READER_STEP_MS = 20;

/** Makes the parts and joins them; nothing is opened yet. */
export function createSqlmail(
  config: SqlmailConfig,
  host: Host,
): Instance<"storage" | "auth" | "delivery" | "admin"> {
  const readOnly = host.worker === "reader" || host.worker === "indexer";
  const { clock, log } = host;
  const now = (): number => clock.now();
  const driver = new Sqlite3({ path: config.dsn, readOnly });
  const blobs = host.use(config.blobs);
  const addresses = new Addresses(host.globals);
  const hints = new HintListeners();
  const publish = (list: readonly ChangeHint[]): void => hints.publish(list);
  const defaultQuota = {
    sizeBytes: config.default_quota || undefined,
    messages: config.default_quota_messages || undefined,
  };
  const writer = new Writer({ driver, now, defaultQuota, publish });
  const bodies = new BodyStore(blobs, config.blob_threshold);
  const appendLimit = config.append_limit;
  const path = searchPath(config.dsn);
  const index = new SearchIndex({ path, clock, log });
  const cache = new MailboxCache({ driver, index });
  const search = { driver, blobs, cache, index, now };
  const reader = new Reader({ ...search, addresses, appendLimit });
  const indexer = new Indexer({ driver, blobs, path, clock, log });
  const sweep = new Sweep({ driver, writer, blobs, bodies, clock, log });
  return {
    storage: new MailStore({
      reader,
      driver,
      addresses,
      defaultQuota,
      writer: readOnly ? undefined : writer,
      bodies: readOnly ? undefined : bodies,
      hints,
    }),
    auth: new Login({
      driver,
      addresses,
      instance: host.instance,
      monotonic: () => clock.monotonic(),
      rememberMs: config.login_cache,
    }),
    delivery: new Deliverer({
      driver,
      writer,
      bodies,
      addresses,
      defaultQuota,
    }),
    admin: new AccountsAdmin({
      driver,
      writer,
      addresses,
      defaultQuota,
      search: new SearchAdmin({
        driver,
        writer,
        index,
        filling: host.worker !== "cli",
      }),
    }),
    async start(signal): Promise<void> {
      if (readOnly) {
        await openWhenMade(driver, host, signal);
      } else {
        await driver.open();
        await migrate(driver);
      }
      if (isIndexer(host.worker, host.globals)) {
        host.spawn("index", (stop) => indexer.run(stop));
      }
      if (readOnly) return;
      host.spawn("sweep", (stop) => sweep.run(stop));
    },
    async stop(): Promise<void> {
      await writer.close();
      await index.close();
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

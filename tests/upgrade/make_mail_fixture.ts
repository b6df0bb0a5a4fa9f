/**
 * Writes `mail_schema_N.db` for the present schema N of `sqlmail`: run it once
 * when a schema is released, and never again for that number.
 *
 *     deno run -A tests/upgrade/make_mail_fixture.ts
 */
import { DatabaseSync } from "node:sqlite";
import { ContextValues, TAGS } from "#src/module/roles/context.ts";
import { SCHEMA_VERSION } from "#src/storage/sqlmail/migrations.ts";
import { deliver, openStore } from "#tests/support/mail_store.ts";

const folder = await Deno.makeTempDir();
const store = await openStore(folder);
const name = "ann@example.org";
await store.admin.call("account.add", { name, password: "secret" });
const address = "info@example.org";
await store.admin.call("account.alias.add", { name, address });
const values = new ContextValues();
values.set(TAGS, ["$Label1"]);
for (const body of ["one", "two", "three"]) {
  const header = `Subject: ${body}\r\n\r\n`;
  await deliver(store, [address], { header, body }, { values });
}
const account = await store.storage.openAccount(name);
const { id = 0 } = await store.storage.findMailbox(account, "INBOX");
await store.storage.storeFlags(id, Uint32Array.of(2), {
  mode: "add",
  flags: ["\\Deleted"],
});
await store.storage.expunge(id, Uint32Array.of(2));
await store.storage.createMailbox(account, "Projects/2026");
await store.close();
const path = new URL(
  import.meta.resolve(`./mail_schema_${SCHEMA_VERSION}.db`),
).pathname;
// Small pages: most of them are nearly empty.
const database = new DatabaseSync(`${folder}/mail.db`);
database.exec("PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM");
database.close();
await Deno.copyFile(`${folder}/mail.db`, path);
await Deno.remove(folder, { recursive: true });

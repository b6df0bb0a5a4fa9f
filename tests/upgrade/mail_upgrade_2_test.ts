/** What the step to schema 2 makes of a mail database of schema 1. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openStore } from "#tests/support/mail_store.ts";

const FIXTURE = new URL(import.meta.resolve("./mail_schema_1.db")).pathname;

Deno.test("schema 2 counts what is there and clears the name Other Users", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/mail.db`;
    await Deno.copyFile(FIXTURE, path);
    const database = new DatabaseSync(path);
    // Made by somebody when the name meant nothing.
    database.exec(
      "UPDATE mailboxes SET name = 'Other Users' WHERE name = 'Projects';" +
        "UPDATE mailboxes SET name = 'Other Users/2026' " +
        "WHERE name = 'Projects/2026'",
    );
    database.close();
    const store = await openStore(folder);
    try {
      const { storage } = store;
      const account = await storage.openAccount("ann");
      await store.admin.call("account.quota", {
        name: "ann",
        storage: 1_000_000,
        messages: 1000,
      });
      const list = await storage.listMailboxes(account);
      const names = list.map(({ name }) => name);
      assert.ok(names.includes(`Other Users ${account}`));
      assert.ok(names.includes(`Other Users ${account}/2026`));
      assert.ok(!names.some((name) => /^Other Users(?:\/|$)/.test(name)));

      let messages = 0;
      let sizeBytes = 0;
      for (const { status } of list) {
        messages += status?.messages ?? 0;
        sizeBytes += status?.sizeBytes ?? 0;
      }
      assert.ok(messages > 0);
      const roots = await storage.powers?.quota?.rootsOf({
        account,
        mailbox: "INBOX",
      });
      assert.deepEqual(roots?.[0]?.usage, [
        { resource: "STORAGE", used: sizeBytes, limit: 1_000_000 },
        { resource: "MESSAGE", used: messages, limit: 1000 },
      ]);
    } finally {
      await store.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

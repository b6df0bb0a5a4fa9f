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
        "WHERE name = 'Projects/2026';" +
        // And names that are in the way of the new ones.
        "UPDATE mailboxes SET name = 'Other Users 1' WHERE name = 'Archive';" +
        "UPDATE mailboxes SET name = 'Other Users 2/2026' " +
        "WHERE name = 'Drafts';" +
        "INSERT INTO subscriptions (account, name) SELECT id, name FROM " +
        "(SELECT id FROM accounts), (SELECT 'Other Users' AS name UNION " +
        "SELECT 'Other Users/gone' UNION SELECT 'Other Users 3')",
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
      const others = list.filter(({ name }) => name.startsWith("Other"))
        .map(({ name, id, subscribed }) =>
          [name, id !== undefined, subscribed] as const
        )
        .toSorted(([a], [b]) => a < b ? -1 : 1);
      assert.deepEqual(others, [
        ["Other Users 1", true, false],
        ["Other Users 2", false, false],
        ["Other Users 2/2026", true, false],
        ["Other Users 3", false, true],
        ["Other Users 4", true, true],
        ["Other Users 4/2026", true, false],
        ["Other Users 4/gone", false, true],
      ]);

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

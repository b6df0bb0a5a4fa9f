/** A mail database of every released schema opens and has what it had. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { SCHEMA_VERSION } from "#src/storage/sqlmail/migrations.ts";
import { inFolder } from "#tests/support/in_folder.ts";
import { deliver, openStore } from "#tests/support/mail_store.ts";

const versions = Array.from({ length: SCHEMA_VERSION }, (_, n) => n + 1);

function fixture(version: number): string {
  return new URL(import.meta.resolve(`./mail_schema_${version}.db`)).pathname;
}

for (const version of versions) {
  Deno.test(`a mail database of schema ${version} opens with all it has`, () =>
    inFolder(async (folder) => {
      await Deno.copyFile(fixture(version), `${folder}/mail.db`);
      const store = await openStore(folder);
      try {
        assert.ok((await store.auth.checkPlain("ann", "secret")).ok);
        assert.ok((await store.auth.scram?.keys("ann"))?.identity);
        // Made where the program that wrote it did not know of it yet.
        assert.ok((await store.auth.scram?.keys("nobody"))?.keys);
        const { storage } = store;
        const account = await storage.openAccount("ann");
        const names = (await storage.listMailboxes(account))
          .map(({ name }) => name).sort();
        assert.deepEqual(names, [
          "Archive",
          "Drafts",
          "INBOX",
          "Junk",
          "Projects",
          "Projects/2026",
          "Sent",
          "Trash",
        ]);
        const { id = 0 } = await storage.findMailbox(account, "INBOX");
        const before = await storage.snapshot(id);
        assert.deepEqual([...before.uids], [1, 3]);
        assert.deepEqual(before.keywords, ["$Label1"]);
        assert.deepEqual([...(await storage.changes(id, 1)).expunged], [2]);
        const [result] = await deliver(store, ["info@example.org"], {
          header: "Subject: four\r\n\r\n",
          body: "four",
        });
        assert.ok(result?.ok);
        const bodies: string[] = [];
        const uids = Uint32Array.of(1, 2, 3, 4);
        for await (const batch of storage.fetch(id, uids, { bodyUpTo: 99 })) {
          for (const { body } of batch) {
            bodies.push(new TextDecoder().decode(body));
          }
        }
        assert.deepEqual(bodies, ["one", "three", "four"]);
      } finally {
        await store.close();
      }
    }));
}

Deno.test("a mail database of a later program is refused, not changed", () =>
  inFolder(async (folder) => {
    const database = new DatabaseSync(`${folder}/mail.db`);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    database.close();
    for (const worker of ["main", "reader"] as const) {
      await assert.rejects(openStore(folder, { worker }), /schema/);
    }
  }));

/** `StorageBackend.replace` on the whole module. */
import assert from "node:assert/strict";
import { StorageError } from "#src/errors/errors.ts";
import type { NewMessage, StorageBackend } from "#src/imap/backend.ts";
import { openStore, plainSummary } from "#tests/support/mail_store.ts";

const ANN = "ann@example.org";
const BOB = "bob@example.org";

async function withStore(
  test: (
    storage: StorageBackend,
    boxOf: (account: string, name: string) => Promise<number>,
  ) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const store = await openStore(folder);
  try {
    for (const name of [ANN, BOB]) {
      await store.admin.call("account.add", { name, password: "secret" });
    }
    const { storage } = store;
    await test(storage, async (account, name) => {
      const id = await storage.openAccount(account);
      return (await storage.findMailbox(id, name)).id ?? 0;
    });
  } finally {
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
}

function message(text: string, flags: readonly string[] = []): NewMessage {
  const body = new TextEncoder().encode(text);
  return {
    flags,
    internalDate: 5,
    header: new TextEncoder().encode("Subject: x\r\n\r\n"),
    body,
    bodySize: body.length,
    summary: plainSummary(body.length),
  };
}

Deno.test("replace stores one message and removes another at once", () =>
  withStore(async (storage, boxOf) => {
    const inbox = await boxOf(ANN, "INBOX");
    await storage.append(inbox, ["a", "bb", "ccc"].map((t) => message(t)));
    const before = (await storage.snapshot(inbox)).status;
    const placed = await storage.replace(
      inbox,
      2,
      inbox,
      message("dddd", ["\\Seen"]),
    );
    assert.deepEqual([...placed.uids], [4]);
    assert.deepEqual([...placed.sourceUids], [2]);
    const { uids, status, modSeqs } = await storage.snapshot(inbox);
    assert.deepEqual([...uids], [1, 3, 4]);
    assert.equal(status.messages, 3);
    assert.equal(status.unseen, 2);
    assert.equal(status.sizeBytes, before.sizeBytes + 2);
    assert.ok((modSeqs[2] ?? 0) > before.highestModSeq);
    const changes = await storage.changes(inbox, before.highestModSeq);
    assert.deepEqual([...changes.expunged], [2]);
    assert.deepEqual([...changes.uids], [4]);
  }));

Deno.test("replace moves on to another mailbox", () =>
  withStore(async (storage, boxOf) => {
    const drafts = await boxOf(ANN, "Drafts");
    const sent = await boxOf(ANN, "Sent");
    await storage.append(drafts, [message("a")]);
    const placed = await storage.replace(drafts, 1, sent, message("b"));
    assert.equal(placed.mailbox, sent);
    assert.equal((await storage.snapshot(drafts)).uids.length, 0);
    assert.deepEqual([...(await storage.snapshot(sent)).uids], [1]);
  }));

Deno.test("a replace that can not be done changes nothing", () =>
  withStore(async (storage, boxOf) => {
    const inbox = await boxOf(ANN, "INBOX");
    const others = await boxOf(BOB, "INBOX");
    await storage.append(inbox, [message("a")]);
    const before = await storage.snapshot(inbox);
    const refused = (kind: string) => (error: unknown): boolean =>
      error instanceof StorageError && error.kind === kind;
    await assert.rejects(
      storage.replace(inbox, 9, inbox, message("b")),
      refused("notFound"),
    );
    await assert.rejects(
      storage.replace(inbox, 1, 9_999, message("b")),
      refused("notFound"),
    );
    const tooLong = ["k".repeat(1_000)];
    await assert.rejects(
      storage.replace(inbox, 1, inbox, message("b", tooLong)),
      refused("invalid"),
    );
    assert.deepEqual(await storage.snapshot(inbox), before);
    assert.equal((await storage.snapshot(others)).uids.length, 0);
  }));

/** Limits of accounts, where mail comes in and where clients store it. */
import assert from "node:assert/strict";
import { StorageError } from "#src/errors/errors.ts";
import type { NewMessage, StorageBackend } from "#src/imap/backend.ts";
import type { QuotaRoot } from "#src/imap/powers.ts";
import { ContextValues } from "#src/module/roles/context.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { inFolder } from "#tests/support/in_folder.ts";
import {
  deliver,
  openStore,
  plainEnvelope,
  plainSummary,
  type TestStore,
} from "#tests/support/mail_store.ts";

const ANN = "ann@example.org";
const BOB = "bob@example.org";
const HEADER = "Subject: x\r\n\r\n";

function withStore(
  test: (store: TestStore, folder: string) => Promise<void>,
  options: { readonly defaultQuota?: number } = {},
): Promise<void> {
  return inFolder(async (folder) => {
    const store = await openStore(folder, options);
    try {
      for (const name of [ANN, BOB]) {
        await store.admin.call("account.add", { name, password: "p" });
      }
      await test(store, folder);
    } finally {
      await store.close();
    }
  });
}

async function rootOf(
  storage: StorageBackend,
  name: string,
): Promise<QuotaRoot | undefined> {
  const account = await storage.openAccount(name);
  const roots = await storage.powers?.quota?.rootsOf({
    account,
    mailbox: "INBOX",
  });
  return roots?.[0];
}

async function boxOf(
  storage: StorageBackend,
  name: string,
  mailbox = "INBOX",
): Promise<number> {
  const account = await storage.openAccount(name);
  return (await storage.findMailbox(account, mailbox)).id ?? 0;
}

/** A message of so many bytes. */
function message(bytes: number): NewMessage {
  return {
    flags: [],
    internalDate: 0,
    header: new Uint8Array(),
    body: new Uint8Array(bytes),
    bodySize: bytes,
    summary: plainSummary(bytes),
  };
}

function isOver(error: unknown): boolean {
  return error instanceof StorageError && error.kind === "overQuota";
}

Deno.test("a full mailbox is refused at RCPT for now, a message that is too long for good", () =>
  withStore(async (store) => {
    await store.admin.call("account.quota", { name: ANN, storage: 400 });
    const send = (body: string): ReturnType<typeof deliver> =>
      deliver(store, [ANN, BOB], { header: HEADER, body });
    // All at once: nobody slips past the count.
    const results = await Promise.all(
      Array.from({ length: 8 }, () => send("y".repeat(40))),
    );
    const codes = results.flat().map((result) =>
      `${result.recipient.address} ${result.ok ? "ok" : result.error.code}`
    );
    const count = (code: string): number =>
      codes.filter((each) => each === code).length;
    assert.equal(count(`${BOB} ok`), 8);
    assert.ok(count(`${ANN} ok`) > 0);
    assert.equal(count(`${ANN} ok`) + count(`${ANN} 552`), 8);
    const { usage = [] } = await rootOf(store.storage, ANN) ?? {};
    assert.ok((usage[0]?.used ?? 0) <= 400);

    const [one] = await send("z".repeat(1_000));
    assert.deepEqual(
      one?.ok === false && [one.error.code, one.error.enhanced],
      [
        552,
        "5.2.2",
      ],
    );
    // Filled to the last byte: whatever comes next has to wait.
    const rest = 400 - (usage[0]?.used ?? 0);
    await store.storage.append(await boxOf(store.storage, ANN), [
      message(rest),
    ]);
    const [full] = await send("");
    assert.deepEqual(
      full?.ok === false && [full.error.code, full.error.enhanced],
      [452, "4.2.2"],
    );
  }));

Deno.test("a size that is announced is looked at when the recipient is named", () =>
  withStore(async (store) => {
    await store.admin.call("account.quota", { name: ANN, storage: 1_000 });
    const start = (sizeBytes: number) =>
      store.delivery.start({
        ...plainEnvelope(),
        parameters: { sizeBytes },
      }, {
        values: new ContextValues(),
        options: {},
        signal: new AbortController().signal,
        log: SILENT_LOG,
      });
    const recipient = { address: ANN, original: ANN };
    const refused = await (await start(1_001)).addRecipient(recipient);
    assert.equal(refused?.code, 552);
    assert.equal(await (await start(900)).addRecipient(recipient), undefined);
  }));

Deno.test("APPEND, COPY and REPLACE stop at the limit and change nothing", () =>
  withStore(async ({ storage, admin }) => {
    await admin.call("account.quota", { name: ANN, messages: 3 });
    const inbox = await boxOf(storage, ANN);
    const archive = await boxOf(storage, ANN, "Archive");
    const four = Array.from({ length: 4 }, () => message(5));
    await assert.rejects(storage.append(inbox, four), isOver);
    await storage.append(inbox, four.slice(1));
    await assert.rejects(storage.append(inbox, [message(1)]), isOver);
    const all = Uint32Array.of(1, 2, 3);
    await assert.rejects(
      storage.copy(inbox, all, archive, { move: false }),
      isOver,
    );
    // No more than before.
    await storage.copy(inbox, all, archive, { move: true });
    await storage.replace(archive, 1, inbox, message(500));
    assert.deepEqual((await rootOf(storage, ANN))?.usage, [
      { resource: "MESSAGE", used: 3, limit: 3 },
    ]);
    // Another's mailbox is at the other's cost.
    const theirs = await boxOf(storage, BOB);
    await admin.call("account.quota", { name: BOB, storage: 7 });
    await assert.rejects(
      storage.copy(archive, Uint32Array.of(2, 3), theirs, { move: true }),
      isOver,
    );
    await storage.copy(archive, Uint32Array.of(2), theirs, { move: true });
    assert.equal((await rootOf(storage, BOB))?.usage[0]?.used, 5);
    assert.equal((await rootOf(storage, ANN))?.usage[0]?.used, 2);
  }));

Deno.test("a batch in which one has no room stores the others", () =>
  withStore(async ({ storage, admin }) => {
    await admin.call("account.quota", { name: ANN, storage: 10 });
    const mine = await boxOf(storage, ANN);
    const theirs = await boxOf(storage, BOB);
    const outcomes = await Promise.allSettled([
      storage.append(theirs, [message(20)]),
      storage.append(mine, [message(8)]),
      storage.append(mine, [message(8)]),
      storage.append(theirs, [message(20)]),
      storage.append(mine, [message(2)]),
    ]);
    assert.deepEqual(outcomes.map(({ status }) => status), [
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    assert.equal((await rootOf(storage, ANN))?.usage[0]?.used, 10);
  }));

Deno.test("limits come from the account or from the configuration", () =>
  withStore(async ({ storage, admin }) => {
    assert.deepEqual((await rootOf(storage, ANN))?.usage, [
      { resource: "STORAGE", used: 0, limit: 100 },
    ]);
    const inbox = await boxOf(storage, ANN);
    await assert.rejects(storage.append(inbox, [message(101)]), isOver);
    await admin.call("account.quota", { name: ANN, storage: "none" });
    assert.equal(await rootOf(storage, ANN), undefined);
    await storage.append(inbox, [message(101)]);
    await admin.call("account.quota", { name: ANN, storage: "default" });
    // Over the limit nothing more comes in, and what is there stays.
    await assert.rejects(storage.append(inbox, [message(1)]), isOver);
    assert.equal((await storage.snapshot(inbox)).uids.length, 1);
    await storage.replace(inbox, 1, inbox, message(90));
    for (const wrong of [-1, 1.5, "much", null]) {
      await assert.rejects(
        admin.call("account.quota", { name: ANN, storage: wrong }),
        StorageError,
      );
    }
    const list = await admin.call("account.list", {}) as { quota: unknown }[];
    assert.deepEqual(list[0]?.quota, { storage: 100, messages: null });
  }, { defaultQuota: 100 }));

Deno.test("what an account uses is there again after a restart, and gone with it", () =>
  inFolder(async (folder) => {
    let store = await openStore(folder);
    await store.admin.call("account.add", { name: ANN, password: "p" });
    await store.admin.call("account.quota", { name: ANN, storage: 1_000 });
    await store.storage.append(await boxOf(store.storage, ANN), [message(33)]);
    await store.close();
    store = await openStore(folder);
    try {
      assert.equal((await rootOf(store.storage, ANN))?.usage[0]?.used, 33);
      await store.admin.call("account.remove", { name: ANN });
      await store.admin.call("account.add", { name: ANN, password: "p" });
      await store.admin.call("account.quota", { name: ANN, storage: 1_000 });
      assert.equal((await rootOf(store.storage, ANN))?.usage[0]?.used, 0);
    } finally {
      await store.close();
    }
  }));

/** Batches of a fetch: whole, with holes, sparse, of any bytes. */
import assert from "node:assert/strict";
import type {
  FetchedMessage,
  NewMessage,
  StorageBackend,
} from "#src/imap/backend.ts";
import {
  packedOf,
  pickPacked,
  unpackMessages,
} from "#src/imap/packed_messages.ts";
import { openStore, plainSummary } from "#tests/support/mail_store.ts";

const ANN = "ann@example.org";
const ALL = {
  envelope: true,
  bodyStructure: true,
  bodyBasic: true,
  structure: true,
  preview: true,
  header: true,
  ids: true,
  dates: true,
  bodyUpTo: 1_000_000,
};

async function withInbox(
  options: { readonly blobThreshold?: number },
  test: (storage: StorageBackend, inbox: number) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const store = await openStore(folder, options);
  try {
    await store.admin.call("account.add", { name: ANN, password: "secret" });
    const { storage } = store;
    const account = await storage.openAccount(ANN);
    await test(storage, (await storage.findMailbox(account, "INBOX")).id ?? 0);
  } finally {
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Any bytes, NUL among them; none for every seventh. */
function bodyOf(n: number): Uint8Array {
  return Uint8Array.from({ length: n % 7 * 50 }, (_, i) => (i * 31 + n) & 255);
}

function headerOf(n: number): Uint8Array {
  return Uint8Array.from(`X: ${n}\xff\xfe\0,'\r\n\r\n`, (c) => c.charCodeAt(0));
}

function message(n: number): NewMessage {
  const body = bodyOf(n);
  return {
    flags: n % 2 === 0 ? ["\\Seen"] : [],
    internalDate: 1_000 + n,
    header: headerOf(n),
    body,
    bodySize: body.length,
    summary: { ...plainSummary(body.length), preview: `Grün ${n} \u{1f600}` },
  };
}

async function fetchAll(
  storage: StorageBackend,
  inbox: number,
  uids: readonly number[],
  columns = ALL,
): Promise<FetchedMessage[]> {
  const all: FetchedMessage[] = [];
  const wanted = Uint32Array.from(uids);
  for await (const batch of storage.fetch(inbox, wanted, columns)) {
    all.push(...batch);
  }
  return all;
}

function check(
  messages: readonly FetchedMessage[],
  uids: readonly number[],
): void {
  assert.deepEqual(messages.map(({ uid }) => uid), uids);
  for (const one of messages) {
    const { uid: n } = one;
    assert.deepEqual(one.header && [...one.header], [...headerOf(n)], `${n}`);
    assert.deepEqual(one.body && [...one.body], [...bodyOf(n)], `${n}`);
    assert.equal(one.preview, `Grün ${n} \u{1f600}`);
    assert.equal(JSON.parse(one.structure ?? "").type, "text/plain");
    assert.equal(one.internalDate, 1_000 + n);
    assert.equal(one.headerBytes, headerOf(n).length);
    assert.equal(one.sizeBytes, headerOf(n).length + bodyOf(n).length);
    assert.ok(one.savedAt > 1_000_000);
    assert.match(one.emailId, /^M[0-9a-z]+$/);
    assert.match(one.threadId, /^T[0-9a-f]{24}$/);
    assert.ok(one.envelope && one.bodyStructure && one.bodyBasic);
  }
}

for (const blobThreshold of [100, 1_000_000]) {
  Deno.test(`whole, holey and sparse sets, threshold ${blobThreshold}`, () =>
    withInbox({ blobThreshold }, async (storage, inbox) => {
      const count = 1_000;
      const messages = Array.from({ length: count }, (_, n) => message(n + 1));
      await storage.append(inbox, messages);
      const all = messages.map((_, n) => n + 1);
      check(await fetchAll(storage, inbox, all), all);
      const gone = all.filter((uid) => uid % 10 === 3);
      await storage.storeFlags(inbox, Uint32Array.from(gone), {
        mode: "add",
        flags: ["\\Deleted"],
      });
      await storage.expunge(inbox, Uint32Array.from(gone));
      const left = all.filter((uid) => uid % 10 !== 3);
      check(await fetchAll(storage, inbox, all), left);
      const holey = left.filter((uid) => uid % 3 !== 0);
      check(await fetchAll(storage, inbox, holey), holey);
      const sparse = left.filter((uid) => uid % 50 === 1);
      check(await fetchAll(storage, inbox, [...sparse, 5_000]), sparse);
      check(await fetchAll(storage, inbox, gone), []);
    }));
}

Deno.test("what was not asked for is not there", () =>
  withInbox({}, async (storage, inbox) => {
    await storage.append(inbox, [message(1), message(2)]);
    const uids = Uint32Array.of(1, 2);
    for await (const batch of storage.fetch(inbox, uids, { bodyUpTo: 60 })) {
      const [first, second] = batch;
      assert.equal(first?.header, undefined);
      assert.equal(first?.envelope, undefined);
      assert.equal(first?.structure, undefined);
      assert.equal(first?.emailId, "");
      assert.equal(first?.internalDate, 0);
      assert.deepEqual(first?.body, bodyOf(1));
      assert.equal(second?.body, undefined);
    }
  }));

Deno.test("a batch without some of its messages is whole", () =>
  withInbox({ blobThreshold: 100 }, async (storage, inbox) => {
    const messages = Array.from({ length: 9 }, (_, n) => message(n + 1));
    await storage.append(inbox, messages);
    const packed = packedOf(
      await fetchAll(storage, inbox, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    );
    assert.ok(packed !== undefined);
    const picked = unpackMessages(pickPacked(packed, [1, 4, 8]));
    check(picked, [2, 5, 9]);
  }));

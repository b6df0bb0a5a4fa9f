/** The whole module as its roles show it: contract of storage and delivery. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { StorageError } from "#src/errors/errors.ts";
import type { MailboxId, StorageBackend } from "#src/imap/backend.ts";
import { ContextValues, QUARANTINE, TAGS } from "#src/module/roles/context.ts";
import {
  deliver,
  openStore,
  plainEnvelope,
  plainSummary,
  type TestStore,
} from "#tests/support/mail_store.ts";
import { SILENT_LOG } from "#src/log/log.ts";

const ANN = "ann@example.org";
const BOB = "bob@example.org";
const SUBSCRIBED = true;
const HEADER = "From: <s@elsewhere.test>\r\nSubject: hello\r\n\r\n";

/** A store with the account ann. */
async function withStore(
  test: (store: TestStore, folder: string) => Promise<void>,
  options: { readonly blobThreshold?: number } = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const store = await openStore(folder, options);
    try {
      await store.admin.call("account.add", { name: ANN, password: "secret" });
      await test(store, folder);
    } finally {
      await store.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function box(
  storage: StorageBackend,
  name = "INBOX",
  account = ANN,
): Promise<MailboxId> {
  const { id } = await storage.findMailbox(
    await storage.openAccount(account),
    name,
  );
  assert.ok(id !== undefined);
  return id;
}

function append(
  storage: StorageBackend,
  mailbox: MailboxId,
  messages: readonly {
    readonly flags?: readonly string[];
    readonly header?: string;
    readonly body?: string;
    readonly internalDate?: number;
  }[],
): ReturnType<StorageBackend["append"]> {
  const encoder = new TextEncoder();
  return storage.append(
    mailbox,
    messages.map((message) => {
      const body = encoder.encode(message.body ?? "text\r\n");
      return {
        flags: message.flags ?? [],
        internalDate: message.internalDate ?? 0,
        header: encoder.encode(message.header ?? HEADER),
        body,
        bodySize: body.length,
        summary: plainSummary(body.length),
      };
    }),
  );
}

async function readText(stream: ReadableStream<Uint8Array>): Promise<string> {
  return await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>)
    .text();
}

const kind = (wanted: StorageError["kind"]) => (error: unknown): boolean =>
  error instanceof StorageError && error.kind === wanted;

Deno.test("a new account has its mailboxes with special use, subscribed", () =>
  withStore(async ({ storage }) => {
    const list = await storage.listMailboxes(await storage.openAccount("ANN"));
    assert.deepEqual(
      list.map(({ name, specialUse, subscribed }) => [
        name,
        specialUse,
        subscribed,
      ]).sort(),
      [
        ["Archive", "\\Archive", true],
        ["Drafts", "\\Drafts", true],
        ["INBOX", undefined, true],
        ["Junk", "\\Junk", true],
        ["Sent", "\\Sent", true],
        ["Trash", "\\Trash", true],
      ],
    );
    const validities = list.map(({ status }) => status?.uidValidity);
    assert.equal(new Set(validities).size, 6);
  }));

Deno.test("a delivered message comes back byte for byte under its trace", () =>
  withStore(async (store) => {
    const body = "\x00\xff bytes\r\n.\r\n";
    const bytes = Uint8Array.from(body, (c) => c.charCodeAt(0));
    const results = await deliver(store, ["Ann+Tag@EXAMPLE.org"], {
      header: HEADER,
      body: bytes,
    });
    assert.deepEqual(results.map(({ ok }) => ok), [true]);
    const inbox = await box(store.storage);
    const stream = await store.storage.open(inbox, 1, {
      of: "message",
      start: 0,
      end: undefined,
    });
    const whole = new Uint8Array(
      await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>)
        .arrayBuffer(),
    );
    const trace = "Return-Path: <sender@elsewhere.test>\r\n" +
      "Delivered-To: Ann+Tag@EXAMPLE.org\r\n";
    const expected = new TextEncoder().encode(trace + HEADER);
    assert.deepEqual(whole.subarray(0, expected.length), expected);
    assert.deepEqual(whole.subarray(expected.length), bytes);
    const { status } = await store.storage.snapshot(inbox);
    assert.equal(status.sizeBytes, whole.length);
    assert.deepEqual([status.messages, status.unseen, status.uidNext], [
      1,
      1,
      2,
    ]);
  }));

Deno.test("ten recipients share one content and learn nothing of each other", () =>
  withStore(async (store, folder) => {
    const names = Array.from({ length: 10 }, (_, n) => `u${n}@example.org`);
    for (const name of names) {
      await store.admin.call("account.add", { name, password: "p" });
    }
    const results = await deliver(store, [...names, "U3+x@example.org"], {
      header: HEADER,
      body: "x".repeat(100_000),
    });
    assert.equal(results.length, 11);
    assert.ok(results.every(({ ok }) => ok));
    for (const name of names) {
      const inbox = await box(store.storage, "INBOX", name);
      const { status } = await store.storage.snapshot(inbox);
      assert.equal(status.messages, 1, name);
      const header = await readText(
        await store.storage.open(inbox, 1, {
          of: "header",
          start: 0,
          end: undefined,
        }),
      );
      assert.ok(!header.includes("example.org"), header);
    }
    const blobs = [...Deno.readDirSync(`${folder}/blobs`)]
      .filter(({ name }) => name !== "tmp");
    assert.equal(blobs.length, 1);
    assert.equal([...Deno.readDirSync(`${folder}/blobs/tmp`)].length, 0);
  }));

Deno.test("unknown, hostile and disabled recipients are refused at once", () =>
  withStore(async (store) => {
    await store.admin.call("account.add", { name: BOB, password: "p" });
    await store.admin.call("account.disable", { name: BOB });
    const transaction = await store.delivery.start(plainEnvelope(), {
      values: new ContextValues(),
      options: {},
      signal: new AbortController().signal,
      log: SILENT_LOG,
    });
    const refuse = async (address: string): Promise<string | undefined> => {
      const error = await transaction.addRecipient({
        address,
        original: address,
      });
      return error && `${error.code} ${error.enhanced}`;
    };
    const unknown = [
      "nobody@example.org",
      "ann@other.test",
      "ann@example.org\0",
      "+ann@example.org",
      "@example.org",
      "' OR 1=1 --@example.org",
      "%@example.org",
      "",
      "\ud800@example.org",
      `${"a".repeat(2_000)}@example.org`,
    ];
    for (const address of unknown) {
      assert.equal(await refuse(address), "550 5.1.1", address);
    }
    assert.equal(await refuse(BOB), "550 5.2.1");
    assert.equal(await refuse("aNN@Example.ORG"), undefined);
    await transaction.abort();
  }));

Deno.test("quarantined mail goes to \\Junk and tags become keywords", () =>
  withStore(async (store) => {
    const account = await store.storage.openAccount(ANN);
    await store.storage.renameMailbox(account, "Junk", "Spam/here");
    const values = new ContextValues();
    values.set(QUARANTINE, { reason: "test" });
    values.set(TAGS, ["work", "$Label1"]);
    await deliver(store, [ANN], { header: HEADER, body: "x" }, { values });
    const junk = await store.storage.snapshot(
      await box(store.storage, "Spam/here"),
    );
    assert.equal(junk.status.messages, 1);
    assert.deepEqual(junk.keywords, ["work", "$Label1"]);
    assert.deepEqual([...junk.flags], [2 ** 5 + 2 ** 6]);
  }));

Deno.test("a tag for which there is no room does not lose the message", () =>
  withStore(async (store) => {
    const inbox = await box(store.storage);
    const flags = Array.from({ length: 48 }, (_, n) => `k${n}`);
    await append(store.storage, inbox, [{ flags }]);
    const values = new ContextValues();
    values.set(TAGS, ["one-too-many", "K47"]);
    await deliver(store, [ANN], { header: HEADER, body: "x" }, { values });
    const snapshot = await store.storage.snapshot(inbox);
    assert.deepEqual([...snapshot.flags], [
      2 ** 53 - 2 ** 5,
      2 ** 52,
    ]);
    await append(store.storage, inbox, [{ flags: ["another", "k0"] }]);
    const archive = await box(store.storage, "Archive");
    const full = Array.from({ length: 47 }, (_, n) => `o${n}`);
    await append(store.storage, archive, [{ flags: full }]);
    // One keyword of all that the first message has fits there.
    await store.storage.copy(inbox, Uint32Array.of(1, 3), archive, {
      move: false,
    });
    const copied = await store.storage.snapshot(archive);
    assert.equal(copied.keywords.at(-1), "k0");
    assert.deepEqual([...copied.flags].slice(1), [2 ** 52, 2 ** 52]);
    // STORE says that it can not: nothing is lost by that.
    await assert.rejects(
      store.storage.storeFlags(inbox, Uint32Array.of(1), {
        mode: "add",
        flags: ["another"],
      }),
      kind("limit"),
    );
  }));

Deno.test("STORE changes flags, counters and mod-sequences", () =>
  withStore(async ({ storage }) => {
    const inbox = await box(storage);
    await append(storage, inbox, [{}, { flags: ["\\Seen"] }, {}]);
    const before = await storage.snapshot(inbox);
    const outcome = await storage.storeFlags(inbox, Uint32Array.of(1, 2, 9), {
      mode: "add",
      flags: ["\\Seen", "\\Deleted", "Tag"],
    });
    assert.deepEqual([...outcome.uids], [1, 2]);
    assert.deepEqual([...outcome.flags], [1 + 8 + 32, 1 + 8 + 32]);
    assert.ok(outcome.modSeqs.every((m) => m > before.status.highestModSeq));
    const after = await storage.snapshot(inbox);
    assert.deepEqual(
      [after.status.unseen, after.status.deleted, after.keywords],
      [1, 2, ["Tag"]],
    );
    const changes = await storage.changes(inbox, before.status.highestModSeq);
    assert.deepEqual([...changes.uids], [1, 2]);
    const refused = await storage.storeFlags(inbox, Uint32Array.of(1, 3), {
      mode: "replace",
      flags: [],
      unchangedSince: before.status.highestModSeq,
    });
    assert.deepEqual([...refused.modified], [1]);
    assert.deepEqual([...refused.uids], [3]);
    // Nothing changed: no mod-sequence is used up.
    const last = await storage.snapshot(inbox);
    assert.equal(last.status.highestModSeq, after.status.highestModSeq);
  }));

Deno.test("EXPUNGE takes only \\Deleted and stays in the change log", () =>
  withStore(async ({ storage }) => {
    const inbox = await box(storage);
    await append(storage, inbox, [
      { flags: ["\\Deleted"] },
      {},
      { flags: ["\\deleted", "\\Seen"] },
    ]);
    const { status: { highestModSeq } } = await storage.snapshot(inbox);
    const gone = await storage.expunge(inbox, Uint32Array.of(3, 1, 2));
    assert.deepEqual([...gone], [1, 3]);
    const changes = await storage.changes(inbox, highestModSeq);
    assert.deepEqual([...changes.expunged], [1, 3]);
    assert.deepEqual(
      [changes.status.messages, changes.status.deleted, changes.status.unseen],
      [1, 0, 1],
    );
    await append(storage, inbox, [{}]);
    assert.deepEqual([...(await storage.snapshot(inbox)).uids], [2, 4]);
  }));

Deno.test("COPY and MOVE carry flags over and are all or none", () =>
  withStore(async (store) => {
    const { storage } = store;
    const inbox = await box(storage);
    const archive = await box(storage, "Archive");
    await append(storage, archive, [{ flags: ["other"] }]);
    await append(storage, inbox, [{ flags: ["tag", "\\Seen"] }, {}, {}]);
    const copied = await storage.copy(inbox, Uint32Array.of(1, 2), archive, {
      move: false,
    });
    assert.deepEqual([...copied.sourceUids], [1, 2]);
    assert.deepEqual([...copied.uids], [2, 3]);
    const target = await storage.snapshot(archive);
    assert.deepEqual(target.keywords, ["other", "tag"]);
    assert.deepEqual([...target.flags], [32, 65, 0]);
    assert.equal(copied.uidValidity, target.status.uidValidity);
    const moved = await storage.copy(inbox, Uint32Array.of(3, 77), archive, {
      move: true,
    });
    assert.deepEqual([...moved.sourceUids], [3]);
    assert.deepEqual([...(await storage.snapshot(inbox)).uids], [1, 2]);
    // The same message is the same object everywhere. RFC 8474 section 5.1.
    const ids = async (mailbox: MailboxId): Promise<string[]> => {
      const all: string[] = [];
      const uids = Uint32Array.of(1, 2, 3, 4);
      for await (const batch of storage.fetch(mailbox, uids, { ids: true })) {
        for (const { emailId } of batch) all.push(emailId);
      }
      return all;
    };
    assert.deepEqual((await ids(archive)).slice(1, 3), await ids(inbox));
    await assert.rejects(
      storage.copy(inbox, Uint32Array.of(1), 9_999, { move: true }),
      kind("notFound"),
    );
    await store.admin.call("account.add", { name: BOB, password: "p" });
    // Who may do that is for the session to say: see RFC 4314.
    const theirs = await box(storage, "INBOX", BOB);
    const mayChange = { seen: true, deleted: false, others: false };
    await storage.copy(inbox, Uint32Array.of(1), theirs, {
      move: false,
      mayChange,
    });
    const arrived = await storage.snapshot(theirs);
    assert.deepEqual([...arrived.flags], [1]);
    assert.deepEqual(arrived.keywords, []);
  }));

Deno.test("mailboxes are created with parents, renamed with children, deleted", () =>
  withStore(async ({ storage }) => {
    const account = await storage.openAccount(ANN);
    await storage.createMailbox(account, "a/b/c");
    await storage.setSubscribed(account, "a/b/c", SUBSCRIBED);
    const made = await storage.findMailbox(account, "a/b/c");
    await storage.renameMailbox(account, "a", "inbox/x/y");
    const moved = await storage.findMailbox(account, "Inbox/x/y/b/c");
    assert.deepEqual([moved.id, moved.objectId], [made.id, made.objectId]);
    const names = (await storage.listMailboxes(account))
      .filter(({ name }) => name.includes("/"))
      .map(({ name, id, subscribed }) => [name, id !== undefined, subscribed])
      .sort();
    assert.deepEqual(names, [
      ["INBOX/x", true, false],
      ["INBOX/x/y", true, false],
      ["INBOX/x/y/b", true, false],
      ["INBOX/x/y/b/c", true, false],
      ["a/b/c", false, true],
    ]);
    await storage.deleteMailbox(account, "INBOX/x/y/b");
    const left = await storage.listMailboxes(account);
    assert.equal(
      left.find(({ name }) => name === "INBOX/x/y/b")?.id,
      undefined,
    );
    assert.ok(left.some(({ name }) => name === "INBOX/x/y/b/c"));
    assert.ok(!(await storage.changes(made.id ?? 0, 0)).deleted);
    await storage.deleteMailbox(account, "INBOX/x/y/b/c");
    assert.ok((await storage.changes(made.id ?? 0, 0)).deleted);
    await assert.rejects(
      storage.findMailbox(account, "INBOX/x/y/b/c"),
      kind("notFound"),
    );
  }));

Deno.test("a mailbox that comes again has another UIDVALIDITY and id", () =>
  withStore(async ({ storage }) => {
    const account = await storage.openAccount(ANN);
    const first = await storage.createMailbox(account, "x");
    await storage.deleteMailbox(account, "x");
    const second = await storage.createMailbox(account, "x");
    assert.notEqual(first.id, second.id);
    assert.ok(
      (second.status?.uidValidity ?? 0) > (first.status?.uidValidity ?? 0),
    );
  }));

Deno.test("renaming INBOX moves its messages and leaves it empty", () =>
  withStore(async ({ storage }) => {
    const account = await storage.openAccount(ANN);
    const inbox = await box(storage);
    await append(storage, inbox, [{ flags: ["tag"] }, { flags: ["\\Seen"] }]);
    const before = await storage.snapshot(inbox);
    await storage.renameMailbox(account, "inbox", "old/mail");
    const old = await storage.snapshot(await box(storage, "old/mail"));
    assert.deepEqual([...old.flags], [32, 1]);
    assert.deepEqual([old.status.messages, old.status.unseen], [2, 1]);
    assert.ok(old.modSeqs.every((m) => m <= old.status.highestModSeq));
    const after = await storage.changes(inbox, before.status.highestModSeq);
    assert.deepEqual([...after.expunged], [1, 2]);
    assert.deepEqual(
      [after.status.messages, after.status.sizeBytes, after.status.uidNext],
      [0, 0, 3],
    );
  }));

Deno.test("names that can be no mailbox, or are taken, are refused", () =>
  withStore(async ({ storage }) => {
    const account = await storage.openAccount(ANN);
    const hostile = [
      "",
      "/",
      "a//b",
      "/a",
      "a/",
      "a\0b",
      "a\r\nb",
      "\ud800",
      "\u0085",
      "x".repeat(1_001),
      Array(51).fill("a").join("/"),
    ];
    for (const name of hostile) {
      const create = storage.createMailbox(account, name);
      await assert.rejects(create, kind("invalid"), JSON.stringify(name));
    }
    await assert.rejects(
      storage.createMailbox(account, "iNbOx"),
      kind("exists"),
    );
    await assert.rejects(
      storage.deleteMailbox(account, "inbox"),
      kind("notAllowed"),
    );
    await assert.rejects(
      storage.renameMailbox(account, "Sent", "Sent/below"),
      kind("invalid"),
    );
    await assert.rejects(
      storage.renameMailbox(account, "Sent", "Trash"),
      kind("exists"),
    );
    await assert.rejects(
      storage.renameMailbox(account, "none", "new"),
      kind("notFound"),
    );
    const fine = [
      "'; DROP TABLE messages; --",
      "%",
      "e\u0301",
      "日本/語",
      "__proto__",
    ];
    for (const name of fine) await storage.createMailbox(account, name);
    // One spelling: NFC.
    assert.equal(
      (await storage.findMailbox(account, "\u00e9")).name,
      "\u00e9",
    );
  }));

Deno.test("\\Recent is handed to one session only", () =>
  withStore(async ({ storage }) => {
    const inbox = await box(storage);
    await append(storage, inbox, [{}, {}]);
    const claims = await Promise.all([
      storage.claimRecent(inbox, 3),
      storage.claimRecent(inbox, 3),
    ]);
    assert.deepEqual(claims, [1, 3]);
    await append(storage, inbox, [{}, {}]);
    // The caller does not know of the last message yet.
    assert.equal(await storage.claimRecent(inbox, 4), 3);
    assert.equal(await storage.claimRecent(inbox, 99), 4);
    assert.equal(await storage.claimRecent(inbox, 1), 5);
  }));

const JOIN = true;
const LEAVE = false;

Deno.test("an account has room for so many mailboxes, also by RENAME", async () => {
  const folder = await Deno.makeTempDir();
  const store = await openStore(folder);
  try {
    const { storage } = store;
    await store.admin.call("account.add", { name: "ann", password: "p" });
    const account = await storage.openAccount("ann");
    const database = new DatabaseSync(`${folder}/mail.db`);
    database.exec(
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n " +
        "LIMIT 9993) INSERT INTO mailboxes (account, name, object_id, " +
        "uid_validity, uid_next, highest_modseq, messages, unseen, deleted, " +
        "size_bytes, first_recent) SELECT account, 'm' || i, 'F', i, 1, 1, 0, " +
        "0, 0, 0, 1 FROM mailboxes, n WHERE name = 'INBOX'",
    );
    database.exec(
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n " +
        "LIMIT 20000) INSERT INTO subscriptions (account, name) " +
        "SELECT id, 's' || i FROM accounts, n",
    );
    database.close();
    await assert.rejects(
      storage.setSubscribed(account, "other", JOIN),
      kind("limit"),
    );
    await storage.setSubscribed(account, "s1", LEAVE);
    await assert.rejects(storage.createMailbox(account, "x/y"), kind("limit"));
    await assert.rejects(
      storage.renameMailbox(account, "m1", "x/y/z"),
      kind("limit"),
    );
    await storage.renameMailbox(account, "m1", "x/z");
    await assert.rejects(
      storage.renameMailbox(account, "INBOX", "old"),
      kind("limit"),
    );
    await storage.renameMailbox(account, "m2", "x/y");
  } finally {
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
});

for (const blobThreshold of [0, 64 * 1024]) {
  Deno.test(`open gives any range of a message, threshold ${blobThreshold}`, () =>
    withStore(async ({ storage }) => {
      const inbox = await box(storage);
      const body = "0123456789";
      await append(storage, inbox, [{ body }]);
      const whole = HEADER + body;
      for (const which of ["header", "body", "message"] as const) {
        const text = { header: HEADER, body, message: whole }[which];
        for (const start of [0, 3, HEADER.length, 60, 1_000]) {
          for (const end of [undefined, 3, 5, HEADER.length + 2, 2_000]) {
            const stream = await storage.open(inbox, 1, {
              of: which,
              start,
              end,
            });
            assert.equal(
              await readText(stream),
              text.slice(start, Math.max(start, end ?? text.length)),
              `${which} ${start}-${end}`,
            );
          }
        }
      }
      const early = await storage.open(inbox, 1, {
        of: "message",
        start: 0,
        end: undefined,
      });
      await early.cancel();
      await assert.rejects(
        storage.open(inbox, 2, { of: "body", start: 0, end: 1 }),
        kind("notFound"),
      );
    }, { blobThreshold }));

  Deno.test(`fetch gives the columns asked for, threshold ${blobThreshold}`, () =>
    withStore(async ({ storage }) => {
      const inbox = await box(storage);
      const bodies = ["one", "x".repeat(70_000), "three"];
      await append(storage, inbox, bodies.map((body) => ({ body })));
      const uids = Uint32Array.of(1, 2, 3, 4_000_000_000);
      for await (const batch of storage.fetch(inbox, uids, { bodyUpTo: 10 })) {
        assert.deepEqual(
          batch.map(({ body }) => body && new TextDecoder().decode(body)),
          ["one", undefined, "three"],
        );
        assert.deepEqual(
          batch.map(({ sizeBytes, headerBytes }) => sizeBytes - headerBytes),
          bodies.map(({ length }) => length),
        );
      }
      const all = { header: true, bodyUpTo: 1_000_000, structure: true };
      let seen = 0;
      for await (const batch of storage.fetch(inbox, uids, all)) {
        for (const message of batch) {
          assert.equal(new TextDecoder().decode(message.header), HEADER);
          assert.equal(message.body?.length, bodies[seen]?.length);
          assert.equal(JSON.parse(message.structure ?? "").type, "text/plain");
          assert.equal(message.envelope, undefined);
          seen++;
        }
      }
      assert.equal(seen, 3);
    }, { blobThreshold }));
}

Deno.test("fetch of many messages comes in bounded batches, in order", () =>
  withStore(async ({ storage }) => {
    const inbox = await box(storage);
    const body = "x".repeat(20_000);
    const count = 200;
    await append(
      storage,
      inbox,
      Array.from({ length: count }, () => ({ body })),
    );
    const all = Uint32Array.from({ length: count }, (_, n) => n + 1);
    const sizes: number[] = [];
    const uids: number[] = [];
    const columns = { bodyUpTo: 100_000 };
    for await (const batch of storage.fetch(inbox, all, columns)) {
      sizes.push(batch.reduce((sum, { body }) => sum + (body?.length ?? 0), 0));
      uids.push(...batch.map(({ uid }) => uid));
    }
    assert.deepEqual(uids, [...all]);
    // They grow while they are read, up to a bound.
    assert.ok(sizes.length > 4, `${sizes}`);
    assert.ok((sizes[0] ?? 0) <= 300_000, `${sizes}`);
    assert.ok(Math.max(...sizes) <= 1_100_000, `${sizes}`);
  }));

Deno.test("watchers hear of every change after it can be seen", () =>
  withStore(async (store) => {
    const { storage } = store;
    const inbox = await box(storage);
    const account = await storage.openAccount(ANN);
    const seen: (number | undefined)[] = [];
    const reads: Promise<void>[] = [];
    const stop = storage.watch((hint) => {
      seen.push(hint.mailbox);
      if (hint.mailbox === undefined) return;
      reads.push(
        storage.snapshot(hint.mailbox).then(({ status }) =>
          assert.ok(status.highestModSeq >= hint.modSeq)
        ),
      );
    });
    await deliver(store, [ANN], { header: HEADER, body: "x" });
    await storage.createMailbox(account, "new");
    await Promise.all(reads);
    assert.deepEqual(seen, [inbox, undefined]);
    stop();
    await deliver(store, [ANN], { header: HEADER, body: "x" });
    assert.equal(seen.length, 2);
  }));

Deno.test("an operation that fails late loses only itself", () =>
  withStore(async (store) => {
    const { storage } = store;
    const inbox = await box(storage);
    const account = await storage.openAccount(ANN);
    const results = await Promise.allSettled([
      append(storage, inbox, [{ body: "a" }]),
      append(storage, inbox, [
        { flags: ["fine"] },
        // Fails when the keyword before it is written already.
        { flags: ["k".repeat(1_000)] },
      ]),
      append(storage, inbox, [{ body: "b", flags: ["last"] }]),
      storage.createMailbox(account, "Sent"),
      deliver(store, [ANN], { header: HEADER, body: "c" }),
      storage.createMailbox(account, "fine/too"),
    ]);
    assert.deepEqual(results.map(({ status }) => status), [
      "fulfilled",
      "rejected",
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    const snapshot = await storage.snapshot(inbox);
    assert.deepEqual([...snapshot.uids], [1, 2, 3]);
    assert.deepEqual(snapshot.keywords, ["last"]);
    assert.equal(snapshot.status.messages, 3);
  }));

Deno.test("a reader sees what the writer committed and cannot write", () =>
  withStore(async (store, folder) => {
    const reader = await openStore(folder, { worker: "reader" });
    try {
      const inbox = await box(reader.storage);
      await deliver(store, [ANN], { header: HEADER, body: "x" });
      const { status } = await reader.storage.snapshot(inbox);
      assert.equal(status.messages, 1);
      await assert.rejects(
        reader.storage.expunge(inbox, Uint32Array.of(1)),
        kind("notAllowed"),
      );
      assert.ok((await reader.auth.checkPlain("ann", "secret")).ok);
    } finally {
      await reader.close();
    }
  }));

Deno.test("an account that is removed takes its mail and blobs along", () =>
  withStore(async (store, folder) => {
    await deliver(store, [ANN], { header: HEADER, body: "x".repeat(100) });
    await store.admin.call("account.remove", { name: ANN });
    await assert.rejects(store.storage.openAccount(ANN), kind("notFound"));
    assert.deepEqual(await store.admin.call("account.list", {}), []);
    // A new account of that name starts empty.
    await store.admin.call("account.add", { name: ANN, password: "p" });
    const { status } = await store.storage.snapshot(await box(store.storage));
    assert.equal(status.messages, 0);
    assert.ok(folder !== "");
  }, { blobThreshold: 10 }));

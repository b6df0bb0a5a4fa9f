/** Accounts, logins, aliases and the sweep of `sqlmail`. */
import assert from "node:assert/strict";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { StorageError } from "#src/errors/errors.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import {
  deliver,
  openStore,
  type TestStore,
} from "#tests/support/mail_store.ts";
import { Sqlite3 } from "../sqlite3.ts";
import { BodyStore } from "./body_store.ts";
import { Sweep } from "./sweep.ts";
import { Writer } from "./writer.ts";

const kind = (wanted: StorageError["kind"]) => (error: unknown): boolean =>
  error instanceof StorageError && error.kind === wanted;

async function withStore(
  test: (store: TestStore, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const store = await openStore(folder, { blobThreshold: 10 });
    try {
      await store.admin.call("account.add", {
        name: "Ann@Example.org",
        password: "pässword",
      });
      await test(store, folder);
    } finally {
      await store.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a login works in every spelling of name and password", () =>
  withStore(async ({ auth }) => {
    for (const user of ["ann@example.org", "ANN@EXAMPLE.ORG", "ann"]) {
      assert.deepEqual(await auth.checkPlain(user, "pa\u0308ssword"), {
        ok: true,
        identity: { account: "ann@example.org", auth: "sqlmail" },
      });
    }
    const wrong = [
      ["ann", ""],
      ["ann", "PÄSSWORD"],
      ["ann", "x".repeat(5_000)],
      ["nobody", "pässword"],
      ["", "pässword"],
      ["ann\0", "pässword"],
    ] as const;
    for (const [user, password] of wrong) {
      assert.deepEqual(
        await auth.checkPlain(user, password),
        { ok: false, reason: "badCredentials" },
        user,
      );
    }
  }));

Deno.test("a changed password and a disabled account hold at once", () =>
  withStore(async ({ auth, admin }) => {
    assert.ok((await auth.checkPlain("ann", "pässword")).ok);
    await admin.call("account.passwd", { name: "ann", password: "new" });
    assert.ok(!(await auth.checkPlain("ann", "pässword")).ok);
    assert.ok((await auth.checkPlain("ann", "new")).ok);
    await admin.call("account.disable", { name: "ann" });
    assert.deepEqual(await auth.checkPlain("ann", "new"), {
      ok: false,
      reason: "disabled",
    });
    assert.equal((await auth.scram?.keys("ann"))?.identity, undefined);
    await admin.call("account.enable", { name: "ann" });
    assert.ok((await auth.checkPlain("ann", "new")).ok);
  }));

Deno.test("SCRAM keys are those of RFC 5802 section 3", () =>
  withStore(async ({ auth }) => {
    const found = await auth.scram?.keys("ANN");
    assert.ok(found !== undefined);
    const { salt, iterations, storedKey, serverKey } = found.keys;
    assert.ok(iterations >= 4_096);
    const password = "pässword".normalize("NFKC");
    const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
    const hmac = (text: string): Uint8Array =>
      createHmac("sha256", salted).update(text).digest();
    const stored = createHash("sha256").update(hmac("Client Key")).digest();
    assert.deepEqual(storedKey, new Uint8Array(stored));
    assert.deepEqual(serverKey, new Uint8Array(hmac("Server Key")));
  }));

Deno.test("SCRAM keys of unknown names are the same in every worker and run", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const store = await openStore(folder);
    await store.admin.call("account.add", { name: "ann", password: "p" });
    const reader = await openStore(folder, { worker: "reader" });
    const here = await store.auth.scram?.keys("nobody");
    const there = await reader.auth.scram?.keys("NOBODY@example.org");
    assert.ok(here !== undefined && here.identity === undefined);
    assert.deepEqual(there, here);
    const ann = await store.auth.scram?.keys("ann");
    assert.equal(here.keys.iterations, ann?.keys.iterations);
    assert.equal(here.keys.salt.length, ann?.keys.salt.length);
    assert.notDeepEqual((await store.auth.scram?.keys("no"))?.keys, here.keys);
    await reader.close();
    await store.close();
    const later = await openStore(folder);
    assert.deepEqual(await later.auth.scram?.keys("nobody"), here);
    await later.close();
    const other = await openStore(`${folder}/other`);
    assert.notDeepEqual(await other.auth.scram?.keys("nobody"), here);
    await other.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an account may use its name, aliases and tags, and no other", () =>
  withStore(async (store) => {
    const { admin, auth } = store;
    await admin.call("account.add", { name: "bob", password: "p" });
    await admin.call("account.alias.add", {
      name: "ann",
      address: "Sales@Bücher.example",
    });
    const identity = { account: "ann@example.org", auth: "sqlmail" };
    const may = (address: string): Promise<boolean> =>
      auth.mayUse(identity, address);
    assert.ok(await may("ANN+tag@example.org"));
    assert.ok(await may("sales@xn--bcher-kva.example"));
    assert.ok(!await may("bob@example.org"));
    assert.ok(!await may("ann@elsewhere.test"));
    assert.ok(!await may(""));
    assert.ok(
      !await auth.mayUse({ ...identity, auth: "other" }, "ann@example.org"),
    );
    const [result] = await deliver(store, ["sales@bücher.example"], {
      header: "Subject: x\r\n\r\n",
      body: "x",
    });
    assert.ok(result?.ok);
  }));

Deno.test("accounts and aliases are listed, and never clash", () =>
  withStore(async ({ admin }) => {
    const call = (
      command: string,
      args: Readonly<Record<string, unknown>>,
    ): Promise<unknown> => admin.call(command, args);
    const address = "info@example.org";
    await call("account.alias.add", { name: "ann", address });
    const list = await call("account.list", {}) as {
      readonly name: string;
      readonly aliases: readonly string[];
      readonly mailboxes: number;
    }[];
    assert.deepEqual(
      list.map(({ name, aliases, mailboxes }) => [name, aliases, mailboxes]),
      [["ann@example.org", [address], 6]],
    );
    const refused: [string, Record<string, unknown>, StorageError["kind"]][] = [
      ["account.add", { name: "ANN", password: "p" }, "exists"],
      ["account.add", { name: "info", password: "p" }, "exists"],
      ["account.alias.add", { name: "ann", address }, "exists"],
      ["account.alias.add", { name: "none", address: "a@b.test" }, "notFound"],
      ["account.alias.remove", { address: "ann@example.org" }, "notAllowed"],
      ["account.alias.remove", { address: "x@example.org" }, "notFound"],
      ["account.remove", { name: "none" }, "notFound"],
      ["account.passwd", { name: "none", password: "p" }, "notFound"],
      ["account.add", { name: "x" }, "invalid"],
      ["account.add", { name: "x y", password: "p" }, "invalid"],
      ["account.add", { name: "@", password: "p" }, "invalid"],
      ["account.add", { name: 5, password: "p" }, "invalid"],
      ["account.add", { name: "x", password: "p".repeat(2_000) }, "invalid"],
      ["constructor", {}, "invalid"],
    ];
    for (const [command, args, wanted] of refused) {
      await assert.rejects(call(command, args), kind(wanted), command);
    }
    await call("account.alias.remove", { address });
  }));

Deno.test("mail for the postmaster reaches the one who is named", async () => {
  await withStore(async (store) => {
    const { admin } = store;
    await admin.call("account.add", { name: "postmaster", password: "p" });
    for (const address of ["Postmaster", "postmaster@example.org"]) {
      const [result] = await deliver(store, [address], {
        header: "Subject: x\r\n\r\n",
        body: "x",
      });
      assert.ok(result?.ok, address);
    }
  });
});

Deno.test("the sweep frees contents and blobs that nobody has, and no other", () =>
  withStore(async (store, folder) => {
    const { storage } = store;
    const account = await storage.openAccount("ann");
    const inbox = (await storage.findMailbox(account, "INBOX")).id ?? 0;
    const archive = (await storage.findMailbox(account, "Archive")).id ?? 0;
    for (const body of ["first long body", "second long body", "third body!"]) {
      await deliver(store, ["ann@example.org"], {
        header: "Subject: x\r\n\r\n",
        body,
      });
    }
    // The same bytes once more: one blob, two contents.
    await deliver(store, ["ann@example.org"], {
      header: "Subject: y\r\n\r\n",
      body: "third body!",
    });
    // Short enough for the database.
    await deliver(store, ["ann@example.org"], {
      header: "Subject: z\r\n\r\n",
      body: "tiny",
    });
    await storage.copy(inbox, Uint32Array.of(2), archive, { move: false });
    await storage.storeFlags(inbox, Uint32Array.of(1, 2, 3, 5), {
      mode: "add",
      flags: ["\\Deleted"],
    });
    await storage.expunge(inbox, Uint32Array.of(1, 2, 3, 5));
    const orphan = await store.blobs.put(
      ReadableStream.from([new TextEncoder().encode("never committed")]),
    );
    const driver = new Sqlite3({ path: `${folder}/mail.db`, readOnly: false });
    await driver.open();
    const defaultQuota = { sizeBytes: undefined, messages: undefined };
    const writer = new Writer({
      driver,
      now: Date.now,
      defaultQuota,
      publish: () => {},
    });
    const bodies = new BodyStore(store.blobs, 10);
    const late = { ...SYSTEM_CLOCK, now: () => Date.now() + 48 * 3_600_000 };
    const sweep = (clock: typeof SYSTEM_CLOCK): Sweep =>
      new Sweep({
        driver,
        writer,
        blobs: store.blobs,
        bodies,
        clock,
        log: SILENT_LOG,
      });
    const inline = async (): Promise<unknown> =>
      await driver.read(async (sql) =>
        await sql.one("SELECT count(*) AS n FROM bodies")
      );
    const count = async (): Promise<number> =>
      (await Array.fromAsync(store.blobs.list(Date.now() + 60_000))).length;
    assert.equal(await count(), 4);
    assert.deepEqual({ ...await inline() as object }, { n: 1 });
    // A body that is being stored holds the sweep up.
    const held = await bodies.store({
      size: 11,
      open: () =>
        ReadableStream.from([new TextEncoder().encode("held body!!")]),
    });
    const sweeper = sweep(SYSTEM_CLOCK);
    await sweeper.round();
    assert.equal(await count(), 5);
    held.release();
    await sweeper.round();
    await sweeper.orphans();
    assert.deepEqual({ ...await inline() as object }, { n: 0 });
    assert.equal(await count(), 4, "only the body of message 1 is unused");
    await sweep(late).orphans();
    assert.equal(await count(), 2, "the orphan and the held body are old now");
    await assert.rejects(store.blobs.open(orphan.hash), kind("notFound"));
    await writer.close();
    await driver.close();
    for (const [mailbox, uid] of [[archive, 1], [inbox, 4]] as const) {
      const stream = await storage.open(mailbox, uid, {
        of: "body",
        start: 0,
        end: undefined,
      });
      assert.ok((await Array.fromAsync(stream)).length > 0);
    }
    // The writer of the store noticed that somebody else wrote.
    await deliver(store, ["ann@example.org"], {
      header: "Subject: z\r\n\r\n",
      body: "z",
    });
    assert.equal((await storage.snapshot(inbox)).status.messages, 2);
  }));

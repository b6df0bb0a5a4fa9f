/** Powers quota, acl and metadata of `sqlmail`, on the whole module. */
import assert from "node:assert/strict";
import { StorageError, type StorageErrorKind } from "#src/errors/errors.ts";
import type { AccountId, ChangeHint, NewMessage } from "#src/imap/backend.ts";
import type { AclPower, MetadataPower, QuotaPower } from "#src/imap/powers.ts";
import {
  deliver,
  openStore,
  plainSummary,
  type TestStore,
} from "#tests/support/mail_store.ts";

const ANN = "ann@example.org";
const BOB = "bob@example.org";
const SHARED = `Other Users/${ANN}/Projects`;

/** A store with two accounts, and its powers. */
interface World {
  readonly store: TestStore;
  readonly ann: AccountId;
  readonly bob: AccountId;
  readonly acl: AclPower;
  readonly metadata: MetadataPower;
  readonly quota: QuotaPower;
}

async function withWorld(test: (world: World) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const store = await openStore(folder);
  try {
    for (const name of [ANN, BOB]) {
      await store.admin.call("account.add", { name, password: "secret" });
    }
    const { acl, metadata, quota } = store.storage.powers ?? {};
    assert.ok(acl && metadata && quota);
    const ann = await store.storage.openAccount(ANN);
    const bob = await store.storage.openAccount(BOB);
    await store.storage.createMailbox(ann, "Projects");
    await test({ store, ann, bob, acl, metadata, quota });
  } finally {
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
}

function message(text: string): NewMessage {
  const body = new TextEncoder().encode(text);
  return {
    flags: [],
    internalDate: 5,
    header: new TextEncoder().encode("Subject: x\r\n\r\n"),
    body,
    bodySize: body.length,
    summary: plainSummary(body.length),
  };
}

async function fails(
  kind: StorageErrorKind,
  action: Promise<unknown>,
): Promise<void> {
  await assert.rejects(
    action,
    (error) => error instanceof StorageError && error.kind === kind,
  );
}

async function idOf(
  { store }: World,
  account: AccountId,
  name: string,
): Promise<number> {
  const { id } = await store.storage.findMailbox(account, name);
  assert.ok(id !== undefined);
  return id;
}

Deno.test("a quota stops APPEND, COPY and delivery, and EXPUNGE makes room", () =>
  withWorld(async (world) => {
    const { store, ann, quota } = world;
    const { storage } = store;
    await store.admin.call("account.quota", { name: ANN, messages: 2 });
    const inbox = await idOf(world, ann, "INBOX");
    const projects = await idOf(world, ann, "Projects");
    // All of a MULTIAPPEND or none.
    const three = ["a", "b", "c"].map(message);
    await fails("overQuota", storage.append(inbox, three));
    assert.equal((await storage.snapshot(inbox)).status.messages, 0);
    await storage.append(inbox, [message("a"), message("b")]);
    const first = Uint32Array.of(1);
    const copying = storage.copy(inbox, first, projects, { move: false });
    await fails("overQuota", copying);
    // What moves takes no more room.
    await storage.copy(inbox, first, projects, { move: true });
    const mail = { header: "Subject: x\r\n\r\n", body: "x" };
    const [refused] = await deliver(store, [ANN], mail);
    assert.ok(refused !== undefined && !refused.ok);
    // Nobody else is concerned.
    const [other] = await deliver(store, [BOB], mail);
    assert.ok(other?.ok);

    await storage.storeFlags(inbox, Uint32Array.of(2), {
      mode: "add",
      flags: ["\\Deleted"],
    });
    await storage.expunge(inbox, Uint32Array.of(2));
    const [taken] = await deliver(store, [ANN], mail);
    assert.ok(taken?.ok);
    const [root] = await quota.rootsOf({ account: ann, mailbox: "INBOX" });
    assert.deepEqual(root?.usage, [{ resource: "MESSAGE", used: 2, limit: 2 }]);
  }));

Deno.test("counters of a quota are the sums over the mailboxes", () =>
  withWorld(async (world) => {
    const { store: { storage, admin }, ann, quota } = world;
    await admin.call("account.quota", { name: ANN, storage: 1000 });
    const used = async (): Promise<number | undefined> =>
      (await quota.rootsOf({ account: ann, mailbox: "any" }))[0]?.usage[0]
        ?.used;
    const size = async (name: string): Promise<number> =>
      (await storage.findMailbox(ann, name)).status?.sizeBytes ?? NaN;
    const inbox = await idOf(world, ann, "INBOX");
    const projects = await idOf(world, ann, "Projects");
    await storage.append(inbox, [message("aaa"), message("b")]);
    await storage.copy(inbox, Uint32Array.of(1), projects, { move: false });
    await storage.replace(inbox, 2, projects, message("cccccc"));
    assert.equal(await used(), await size("INBOX") + await size("Projects"));
    await storage.renameMailbox(ann, "INBOX", "Old");
    await storage.deleteMailbox(ann, "Projects");
    assert.equal(await used(), await size("Old"));
    await fails("overQuota", storage.append(inbox, [message("x".repeat(999))]));
  }));

Deno.test("the quota of another is told to nobody but an administrator", () =>
  withWorld(async ({ bob, quota }) => {
    const ask = { account: bob, name: ANN };
    await fails("notFound", quota.root({ ...ask, isAdministrator: false }));
    const nobody = { account: bob, name: "nobody@example.org" };
    await fails("notFound", quota.root({ ...nobody, isAdministrator: false }));
    const root = await quota.root({ ...ask, isAdministrator: true });
    assert.equal(root.name, ANN);
    assert.deepEqual(
      await quota.rootsOf({ account: bob, mailbox: SHARED }),
      [],
    );
  }));

Deno.test("a mailbox of another is there with the right l alone", () =>
  withWorld(async ({ store: { storage }, ann, bob, acl }) => {
    const names = async (): Promise<readonly string[]> =>
      (await storage.listMailboxes(bob)).map(({ name }) => name);
    const change = (
      identifier: string,
      mode: "replace" | "add" | "remove",
      rights: string,
    ): Promise<void> =>
      acl.change({
        account: ann,
        mailbox: "Projects",
        identifier,
        mode,
        rights,
      });
    await fails("notFound", storage.findMailbox(bob, SHARED));
    await fails("notFound", acl.entries({ account: bob, mailbox: SHARED }));
    // A mailbox that is not there looks the same.
    const absent = `Other Users/${ANN}/Absent`;
    await fails("notFound", acl.entries({ account: bob, mailbox: absent }));

    await change(BOB, "replace", "rs");
    assert.ok(!(await names()).includes(SHARED));
    await fails("notFound", acl.entries({ account: bob, mailbox: SHARED }));

    await change("anyone", "add", "l");
    assert.ok((await names()).includes(SHARED));
    assert.equal((await storage.findMailbox(bob, SHARED)).rights, "lrs");
    await fails("noPermission", acl.entries({ account: bob, mailbox: SHARED }));
    await fails("noPermission", storage.deleteMailbox(bob, SHARED));

    await change(`-${BOB}`, "replace", "rs");
    const listed = await storage.findMailbox(bob, SHARED);
    assert.equal(listed.rights, "l");
    // Without r nothing is said of what is in it.
    assert.equal(listed.status, undefined);

    await change("anyone", "remove", "l");
    assert.ok(!(await names()).includes(SHARED));
    await fails("notFound", storage.findMailbox(bob, SHARED));
    await fails("notAllowed", change(ANN, "replace", ""));
  }));

Deno.test("annotations stay at RENAME, go at DELETE, and private ones are private", () =>
  withWorld(async ({ store: { storage }, ann, bob, acl, metadata }) => {
    const value = new TextEncoder().encode("mine");
    const set = (name: string, mailbox?: string): Promise<void> =>
      metadata.set({
        account: ann,
        mailbox,
        isAdministrator: false,
        entries: [{ name, value }],
      });
    const names = async (
      account: AccountId,
      mailbox: string,
    ): Promise<readonly string[]> =>
      (await metadata.get({
        account,
        mailbox,
        names: ["/private", "/shared"],
        depth: "infinity",
      })).map(({ name }) => name).sort();
    const both = ["/private/comment", "/shared/comment"];
    for (const name of both) await set(name, "Projects");
    await storage.renameMailbox(ann, "Projects", "Work");
    assert.deepEqual(await names(ann, "Work"), both);

    await acl.change({
      account: ann,
      mailbox: "Work",
      identifier: BOB,
      mode: "replace",
      rights: "lr",
    });
    const seen = `Other Users/${ANN}/Work`;
    assert.deepEqual(await names(bob, seen), ["/shared/comment"]);
    const entries = [{ name: "/shared/comment", value: undefined }];
    const request = { account: bob, mailbox: seen, isAdministrator: true };
    await fails("noPermission", metadata.set({ ...request, entries }));

    await storage.deleteMailbox(ann, "Work");
    await storage.createMailbox(ann, "Work");
    assert.deepEqual(await names(ann, "Work"), []);
    // What all users see is not any user's to set.
    await fails("noPermission", set("/shared/comment"));
  }));

Deno.test("annotations that change are told once, and refused ones never", () =>
  withWorld(async ({ store: { storage }, ann, metadata }) => {
    const heard: ChangeHint[] = [];
    const stop = storage.watch((hint) => {
      if (hint.annotations !== undefined) heard.push(hint);
    });
    const value = new TextEncoder().encode("x");
    const set = (
      mailbox: string | undefined,
      ...names: readonly string[]
    ): Promise<void> =>
      metadata.set({
        account: ann,
        mailbox,
        isAdministrator: false,
        entries: names.map((name) => ({ name, value })),
        by: "me",
      });
    // In one batch: the second writes before it fails, so that all run again.
    const outcomes = await Promise.allSettled([
      set("Projects", "/private/a", "/shared/b"),
      set(undefined, "/private/c", "/shared/d"),
      set(undefined, "/private/e"),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    const { id } = await storage.findMailbox(ann, "Projects");
    const rest = { account: ann, modSeq: 0 };
    assert.deepEqual(heard, [{
      ...rest,
      mailbox: id,
      annotations: {
        by: "me",
        changes: [
          { name: "/private/a", reader: ann },
          { name: "/shared/b", reader: undefined },
        ],
      },
    }, {
      ...rest,
      mailbox: undefined,
      annotations: {
        by: "me",
        changes: [{ name: "/private/e", reader: ann }],
      },
    }]);
    stop();
  }));

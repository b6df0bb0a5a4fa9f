/**
 * Random operations on the store, many at once, against a model that is too
 * simple to be wrong: lists of messages. UIDs, counters, flags, mod-sequences
 * and the change log have to agree after every round.
 */
import assert from "node:assert/strict";
import type { MailboxId, StorageBackend } from "#src/imap/backend.ts";
import { flagNames } from "#src/imap/flags.ts";
import {
  deliver,
  openStore,
  plainSummary,
  type TestStore,
} from "#tests/support/mail_store.ts";

const FLAGS = ["\\Seen", "\\Deleted", "\\Flagged", "one", "two"];
const HEADER = "Subject: x\r\n\r\n";
const ROUNDS = 40;

/** What the model knows of one message. */
interface Known {
  readonly flags: Set<string>;
  readonly body: string;
}

/** What the model knows of one mailbox. */
interface Box {
  readonly id: MailboxId;
  readonly messages: Map<number, Known>;
  readonly everUsed: Set<number>;
  modSeq: number;
  /** State as a session knows it, advanced by `changes` only. */
  readonly session: Map<number, string>;
}

function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

class Model {
  readonly #storage: StorageBackend;
  readonly #store: TestStore;
  readonly #boxes: readonly Box[];
  readonly #random: (below: number) => number;
  #bodies = 0;

  constructor(
    store: TestStore,
    boxes: readonly Box[],
    random: (below: number) => number,
  ) {
    this.#store = store;
    this.#storage = store.storage;
    this.#boxes = boxes;
    this.#random = random;
  }

  /** One operation; the model changes when its answer comes. */
  async step(): Promise<void> {
    const box = this.#box();
    switch (this.#random(6)) {
      case 0:
        return await this.#append(box);
      case 1:
        return await this.#deliver();
      case 2:
        return await this.#storeFlags(box);
      case 3: {
        const gone = await this.#storage.expunge(box.id, this.#uids(box));
        for (const uid of gone) assert.ok(box.messages.delete(uid));
        return;
      }
      default:
        return await this.#copy(box, this.#box());
    }
  }

  /** Compares everything. */
  async check(): Promise<void> {
    await this.#checkUsage();
    for (const box of this.#boxes) {
      const snapshot = await this.#storage.snapshot(box.id);
      const known = [...box.messages].sort(([a], [b]) => a - b);
      assert.deepEqual([...snapshot.uids], known.map(([uid]) => uid));
      const names = [...snapshot.flags].map((flags) =>
        flagNames(flags, snapshot.keywords).sort()
      );
      assert.deepEqual(names, known.map(([, { flags }]) => [...flags].sort()));
      const { status } = snapshot;
      const count = (has: (flags: Set<string>) => boolean): number =>
        known.filter(([, { flags }]) => has(flags)).length;
      assert.deepEqual(
        [status.messages, status.unseen, status.deleted, status.sizeBytes],
        [
          known.length,
          count((flags) => !flags.has("\\Seen")),
          count((flags) => flags.has("\\Deleted")),
          await this.#sizeOf(box, snapshot.uids),
        ],
      );
      assert.ok(snapshot.modSeqs.every((m) => m <= status.highestModSeq));
      assert.ok([...box.everUsed].every((uid) => uid < status.uidNext));
      await this.#follow(box);
    }
  }

  /** What counts against the quota is the sum over the mailboxes. */
  async #checkUsage(): Promise<void> {
    const account = await this.#storage.openAccount("ann");
    let messages = 0;
    let sizeBytes = 0;
    for (const { id, status } of await this.#storage.listMailboxes(account)) {
      messages += status?.messages ?? 0;
      sizeBytes += status?.sizeBytes ?? 0;
      const { uids, flags } = await this.#storage.snapshot(id ?? 0);
      const deleted = uids.filter((_, n) =>
        flagNames(flags[n] ?? 0, []).includes("\\Deleted")
      );
      let deletedBytes = 0;
      for await (const batch of this.#storage.fetch(id ?? 0, deleted, {})) {
        for (const message of batch) deletedBytes += message.sizeBytes;
      }
      assert.equal(status?.deletedBytes, deletedBytes);
    }
    const [root] = await this.#storage.powers?.quota?.rootsOf({
      account,
      mailbox: "INBOX",
    }) ?? [];
    assert.deepEqual(root?.usage.map(({ used }) => used), [
      sizeBytes,
      messages,
    ]);
  }

  /** A session that only asks for changes knows the same in the end. */
  async #follow(box: Box): Promise<void> {
    const changes = await this.#storage.changes(box.id, box.modSeq);
    for (const uid of changes.expunged) box.session.delete(uid);
    for (const [n, uid] of changes.uids.entries()) {
      const flags = flagNames(changes.flags[n] ?? 0, changes.keywords);
      box.session.set(uid, flags.sort().join());
    }
    assert.deepEqual(
      [...box.session].sort(([a], [b]) => a - b),
      [...box.messages].sort(([a], [b]) => a - b)
        .map(([uid, { flags }]) => [uid, [...flags].sort().join()]),
    );
    assert.ok(changes.status.highestModSeq >= box.modSeq);
    box.modSeq = changes.status.highestModSeq;
  }

  async #sizeOf(box: Box, uids: Uint32Array): Promise<number> {
    let size = 0;
    const columns = { bodyUpTo: 1_000 };
    for await (const batch of this.#storage.fetch(box.id, uids, columns)) {
      for (const { uid, body, sizeBytes } of batch) {
        const text = new TextDecoder().decode(body);
        assert.equal(text, box.messages.get(uid)?.body);
        size += sizeBytes;
      }
    }
    return size;
  }

  #box(): Box {
    const box = this.#boxes[this.#random(this.#boxes.length)];
    assert.ok(box !== undefined);
    return box;
  }

  #flags(): string[] {
    return FLAGS.filter(() => this.#random(3) === 0);
  }

  /** Some that are there and some that are not, in any order; few. */
  #uids(box: Box): Uint32Array {
    const uids = [...box.messages.keys()].filter(() => this.#random(2) === 0)
      .slice(0, 12);
    if (this.#random(3) === 0) uids.unshift(1 + this.#random(500));
    return Uint32Array.from(uids);
  }

  #place(box: Box, uid: number, known: Known): void {
    assert.ok(!box.everUsed.has(uid), `UID ${uid} was used before`);
    box.everUsed.add(uid);
    box.messages.set(uid, known);
  }

  async #append(box: Box): Promise<void> {
    const messages = Array.from({ length: 1 + this.#random(3) }, () => ({
      flags: this.#flags(),
      text: `body ${this.#bodies++}`,
    }));
    const placed = await this.#storage.append(
      box.id,
      messages.map(({ flags, text }) => {
        const body = new TextEncoder().encode(text);
        return {
          flags,
          internalDate: 0,
          header: new TextEncoder().encode(HEADER),
          body,
          bodySize: body.length,
          summary: plainSummary(body.length),
        };
      }),
    );
    for (const [n, { flags, text }] of messages.entries()) {
      this.#place(box, placed.uids[n] ?? 0, {
        flags: new Set(flags),
        body: text,
      });
    }
  }

  async #deliver(): Promise<void> {
    const [inbox] = this.#boxes;
    assert.ok(inbox !== undefined);
    const body = `body ${this.#bodies++}`;
    const before = new Set(inbox.messages.keys());
    const [result] = await deliver(this.#store, ["ann@example.org"], {
      header: HEADER,
      body,
    });
    assert.ok(result?.ok);
    // Delivery tells no UID: look for the body.
    const { uids } = await this.#storage.snapshot(inbox.id);
    const columns = { bodyUpTo: 100 };
    const fresh = uids.filter((uid) => !before.has(uid));
    for await (const batch of this.#storage.fetch(inbox.id, fresh, columns)) {
      for (const message of batch) {
        if (new TextDecoder().decode(message.body) !== body) continue;
        this.#place(inbox, message.uid, { flags: new Set(), body });
      }
    }
  }

  async #storeFlags(box: Box): Promise<void> {
    const mode = (["add", "remove", "replace"] as const)[this.#random(3)] ??
      "add";
    const flags = this.#flags();
    const uids = this.#uids(box);
    const outcome = await this.#storage.storeFlags(box.id, uids, {
      mode,
      flags,
    });
    for (const [n, uid] of outcome.uids.entries()) {
      const known = box.messages.get(uid);
      assert.ok(known !== undefined);
      if (mode === "replace") known.flags.clear();
      for (const flag of flags) {
        if (mode === "remove") known.flags.delete(flag);
        else known.flags.add(flag);
      }
      assert.deepEqual(
        flagNames(outcome.flags[n] ?? 0, outcome.keywords).sort(),
        [...known.flags].sort(),
      );
    }
  }

  async #copy(box: Box, target: Box): Promise<void> {
    const move = this.#random(2) === 0;
    const uids = this.#uids(box);
    const placed = await this.#storage.copy(box.id, uids, target.id, { move });
    for (const [n, uid] of placed.sourceUids.entries()) {
      const known = box.messages.get(uid);
      assert.ok(known !== undefined);
      if (move) box.messages.delete(uid);
      this.#place(target, placed.uids[n] ?? 0, {
        flags: new Set(known.flags),
        body: known.body,
      });
    }
  }
}

for (const blobThreshold of [3, 64 * 1024]) {
  Deno.test(`random operations agree with a model, threshold ${blobThreshold}`, async () => {
    const folder = await Deno.makeTempDir();
    let store = await openStore(folder, { blobThreshold });
    try {
      await store.admin.call("account.add", { name: "ann", password: "p" });
      const account = await store.storage.openAccount("ann");
      const quota = { name: "ann", storage: 1e9, messages: 1e6 };
      await store.admin.call("account.quota", quota);
      const boxes: Box[] = [];
      for (const name of ["INBOX", "Archive", "Trash"]) {
        const { id = 0 } = await store.storage.findMailbox(account, name);
        boxes.push({
          id,
          messages: new Map(),
          everUsed: new Set(),
          modSeq: 0,
          session: new Map(),
        });
      }
      const random = generator(blobThreshold);
      for (let round = 0; round < ROUNDS; round++) {
        const model = new Model(store, boxes, random);
        // One after another: the model needs the order of the answers.
        for (let n = 0; n < 8; n++) await model.step();
        await model.check();
        if (round % 20 !== 19) continue;
        // All that was answered is there after opening again.
        await store.close();
        store = await openStore(folder, { blobThreshold });
      }
    } finally {
      await store.close();
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("operations at once never share a UID or go back in mod-sequence", async () => {
  const folder = await Deno.makeTempDir();
  const store = await openStore(folder);
  try {
    await store.admin.call("account.add", { name: "ann", password: "p" });
    const { storage } = store;
    const account = await storage.openAccount("ann");
    const { id = 0 } = await storage.findMailbox(account, "INBOX");
    const other = (await storage.findMailbox(account, "Archive")).id ?? 0;
    const random = generator(99);
    const used = new Set<number>();
    let highest = 0;
    const stop = storage.watch((hint) => {
      if (hint.mailbox !== id) return;
      assert.ok(hint.modSeq > highest);
      highest = hint.modSeq;
    });
    const work = async (): Promise<void> => {
      for (let n = 0; n < 30; n++) {
        const uids = Uint32Array.from({ length: 5 }, () => 1 + random(400))
          .toSorted();
        switch (random(4)) {
          case 0:
            await deliver(store, ["ann@example.org"], {
              header: HEADER,
              body: "x",
            });
            break;
          case 1:
            await storage.storeFlags(id, uids, {
              mode: random(2) === 0 ? "add" : "remove",
              flags: ["\\Deleted", `k${random(60)}`],
            }).catch(() => {});
            break;
          case 2:
            await storage.expunge(id, uids);
            break;
          default: {
            const placed = await storage.copy(id, uids, other, {
              move: random(2) === 0,
            });
            for (const uid of placed.uids) {
              assert.ok(!used.has(uid));
              used.add(uid);
            }
          }
        }
      }
    };
    await Promise.all(Array.from({ length: 20 }, work));
    stop();
    for (const mailbox of [id, other]) {
      const { status, flags, uids } = await storage.snapshot(mailbox);
      assert.equal(status.messages, uids.length);
      assert.equal(
        status.deleted,
        flags.filter((set) => Math.floor(set / 8) % 2 === 1).length,
      );
      assert.equal(status.unseen, flags.filter((set) => set % 2 === 0).length);
    }
  } finally {
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
});

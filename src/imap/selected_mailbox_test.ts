/** Views and sessions against a naive model: lists that are really kept. */
import assert from "node:assert/strict";
import { MemoryStorage } from "#tests/support/memory_storage.ts";
import { message } from "#tests/support/imap_server.ts";
import { plainSummary } from "#tests/support/mail_store.ts";
import type { NewMessage } from "./backend.ts";
import { MailboxViews } from "./mailbox_views.ts";
import { SelectedMailbox } from "./selected_mailbox.ts";

/** A small generator of numbers, so that a failure can be run again. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function newMessage(flags: readonly string[] = []): NewMessage {
  const bytes = new TextEncoder().encode(message("x"));
  return {
    flags,
    internalDate: 0,
    header: bytes,
    body: new Uint8Array(),
    bodySize: 0,
    summary: plainSummary(0),
  };
}

/** A client that believes what it is told. */
class NaiveClient {
  readonly selected = new SelectedMailbox("INBOX", false);
  /** UIDs by sequence number. */
  uids: number[] = [];
  /** Flags as last told. */
  flags = new Map<number, number>();

  attach(): void {
    this.uids = [...this.selected.allUids()];
    for (const uid of this.uids) {
      this.flags.set(uid, this.selected.flagsOf(uid));
    }
  }

  hear(expunge: "all" | "noExpunge"): void {
    const news = this.selected.takeNews({
      expunge: expunge === "all",
    });
    const gone = news.expunged.map((seq) => this.uids.splice(seq - 1, 1)[0]);
    assert.deepEqual(gone.reverse(), [...news.expungedUids]);
    if (news.exists !== undefined) {
      for (let seq = this.uids.length + 1; seq <= news.exists; seq++) {
        const uid = this.selected.uidAt(seq);
        assert.ok(uid >= news.newFrom);
        this.uids.push(uid);
        this.flags.set(uid, this.selected.flagsOf(uid));
      }
    }
    for (const uid of news.changed) {
      this.flags.set(uid, this.selected.flagsOf(uid));
    }
  }

  /** What the session computes is what the client counts. */
  check(): void {
    assert.equal(this.selected.exists, this.uids.length);
    this.uids.forEach((uid, n) => {
      assert.equal(this.selected.seqOf(uid), n + 1);
      assert.equal(this.selected.uidAt(n + 1), uid);
    });
  }
}

async function run(seed: number): Promise<void> {
  const pick = generator(seed);
  const storage = new MemoryStorage();
  const box = storage.addMailbox("other", "Box");
  const views = new MailboxViews(storage);
  views.start();
  const clients: NaiveClient[] = [];
  for (let step = 0; step < 150; step++) {
    const uids = Uint32Array.from(
      storage.messagesOf(box).map(({ uid }) => uid).filter(() => pick(4) === 0),
    );
    const client = clients[pick(Math.max(1, clients.length))];
    switch (pick(8)) {
      case 0:
      case 1:
        await storage.append(
          box,
          Array.from({ length: pick(4) }, () => newMessage()),
        );
        break;
      case 2: {
        await storage.storeFlags(box, uids, {
          mode: "add",
          flags: ["\\Deleted"],
        });
        const gone = await storage.expunge(box, uids);
        // Sometimes the outcome reaches the view before the log does.
        if (pick(2) === 0) client?.selected.view.applyExpunged(gone);
        break;
      }
      case 3: {
        const flags = [["\\Seen"], ["$a"], ["\\Flagged", "$b"]][pick(3)] ?? [];
        const mode = (["add", "remove", "replace"] as const)[pick(3)] ?? "add";
        const outcome = await storage.storeFlags(box, uids, { mode, flags });
        if (pick(2) === 0) client?.selected.view.applyStore(outcome);
        break;
      }
      case 4:
        await client?.selected.view.refresh();
        break;
      case 5:
        await client?.selected.view.catchUp();
        client?.hear("all");
        break;
      case 6:
        client?.hear("noExpunge");
        break;
      case 7:
        if (clients.length < 4) {
          const added = new NaiveClient();
          added.selected.attach(await views.open(box, added.selected));
          added.attach();
          clients.push(added);
        } else if (client !== undefined) {
          views.release(client.selected.view, client.selected);
          clients.splice(clients.indexOf(client), 1);
        }
    }
    for (const one of clients) one.check();
  }
  for (const client of clients) {
    await client.selected.view.refresh();
    client.hear("all");
    client.check();
    const stored = storage.messagesOf(box);
    assert.deepEqual(client.uids, stored.map(({ uid }) => uid));
    for (const { uid, flags } of stored) {
      assert.equal(client.flags.get(uid), flags, `flags of ${uid}`);
    }
  }
  views.stop();
}

Deno.test("a session counts as a client that believes it does", async () => {
  for (let seed = 1; seed <= 300; seed++) {
    try {
      await run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});

Deno.test("a hundred thousand ranges pick their messages at once", async () => {
  const storage = new MemoryStorage();
  const box = storage.addMailbox("other", "Box");
  const views = new MailboxViews(storage);
  await storage.append(box, Array.from({ length: 50 }, () => newMessage()));
  const selected = new SelectedMailbox("Box", false);
  selected.attach(await views.open(box, selected));
  const ranges = Array.from(
    { length: 100_000 },
    (_, n) => [n * 2 + 1, n * 2 + 1] as const,
  );
  assert.equal(selected.pick(ranges, "uid").uids.length, 25);
  views.stop();
});

Deno.test("a view that nobody uses stays warm and catches up", async () => {
  const storage = new MemoryStorage();
  const box = storage.addMailbox("other", "Box");
  const views = new MailboxViews(storage);
  views.start();
  let snapshots = 0;
  storage.onCall = (method) => {
    if (method === "snapshot") snapshots++;
  };
  for (let n = 1; n <= 3; n++) {
    await storage.append(box, [newMessage()]);
    const selected = new SelectedMailbox("Box", false);
    const view = await views.open(box, selected);
    selected.attach(view);
    assert.equal(selected.exists, n);
    views.release(view, selected);
  }
  assert.equal(snapshots, 1);
  views.stop();
});

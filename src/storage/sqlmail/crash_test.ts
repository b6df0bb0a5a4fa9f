/** SIGKILL in the middle of batches: what was answered is there, once. */
import assert from "node:assert/strict";
import { openStore } from "#tests/support/mail_store.ts";

const ROUNDS = 4;
/** Answers after which the process is killed. */
const ACKS = 150;

/** Lets a process deliver and kills it; gives the names it was answered. */
async function killedRun(folder: string, round: number): Promise<string[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL(import.meta.resolve("#tests/support/store_crasher.ts")).pathname,
      folder,
      String(round),
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let output = "";
  let killed = false;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    if (!killed && output.split("\n").length > ACKS + round * 37) {
      child.kill("SIGKILL");
      killed = true;
    }
  }
  const { signal } = await child.status;
  assert.equal(signal, "SIGKILL", "the deliverer ended by itself");
  // The last line may be cut off; then it was answered all the same.
  return output.split("\n").filter((line) => /^ack \d+-\d+-\d+$/.test(line))
    .map((line) => line.slice(4));
}

async function subjects(
  folder: string,
  account: string,
): Promise<Map<string, number>> {
  const store = await openStore(folder, { blobThreshold: 4_000 });
  try {
    const id = await store.storage.openAccount(account);
    const inbox = await store.storage.findMailbox(id, "INBOX");
    const { uids, status } = await store.storage.snapshot(inbox.id ?? 0);
    assert.equal(status.messages, uids.length);
    assert.ok(uids.every((uid) => uid < status.uidNext));
    const counts = new Map<string, number>();
    const columns = { bodyUpTo: 100_000 };
    let bytes = 0;
    for await (
      const batch of store.storage.fetch(inbox.id ?? 0, uids, columns)
    ) {
      for (const { body, sizeBytes } of batch) {
        // The body is whole, wherever it is kept.
        const name = new TextDecoder().decode(body).trimEnd();
        counts.set(name, (counts.get(name) ?? 0) + 1);
        bytes += sizeBytes;
      }
    }
    assert.equal(bytes, status.sizeBytes);
    return counts;
  } finally {
    await store.close();
  }
}

Deno.test("every delivery answered before a SIGKILL is there exactly once", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const store = await openStore(folder);
    for (const name of ["ann", "bob"]) {
      await store.admin.call("account.add", { name, password: "p" });
    }
    await store.close();
    const answered: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      answered.push(...await killedRun(folder, round));
      const ann = await subjects(folder, "ann");
      const bob = await subjects(folder, "bob");
      for (const name of answered) {
        assert.equal(ann.get(name), 1, name);
        const toBoth = Number(name.split("-")[2]) % 3 === 0;
        assert.equal(bob.get(name) ?? 0, toBoth ? 1 : 0, name);
      }
      for (const [name, count] of ann) assert.equal(count, 1, name);
    }
    assert.ok(answered.length >= ROUNDS * ACKS);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** SEARCH against a naive evaluation, and the text of hard messages. */
import assert from "node:assert/strict";
import type { MailboxId } from "#src/imap/backend.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import type { MessageSummary, PartRange } from "#src/imap/summary.ts";
import {
  openStore,
  plainSummary,
  type TestStore,
} from "#tests/support/mail_store.ts";

const DAY_MS = 86_400_000;

interface Sample {
  readonly flags?: readonly string[];
  readonly internalDate?: number;
  readonly header: string;
  readonly body?: string;
  readonly part?: Partial<PartRange>;
  readonly sentAt?: number;
}

async function withMessages(
  samples: readonly Sample[],
  test: (store: TestStore, inbox: MailboxId) => Promise<void>,
  options: { readonly blobThreshold?: number } = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const store = await openStore(folder, options);
  try {
    await store.admin.call("account.add", { name: "ann", password: "p" });
    const account = await store.storage.openAccount("ann");
    const { id = 0 } = await store.storage.findMailbox(account, "INBOX");
    const encoder = new TextEncoder();
    await store.storage.append(
      id,
      samples.map((sample) => {
        const body = encoder.encode(sample.body ?? "");
        const plain = plainSummary(body.length);
        const summary: MessageSummary = {
          ...plain,
          sentAt: sample.sentAt,
          structure: { ...plain.structure, ...sample.part },
        };
        return {
          flags: sample.flags ?? [],
          internalDate: sample.internalDate ?? 0,
          header: encoder.encode(`${sample.header}\r\n\r\n`),
          body,
          bodySize: body.length,
          summary,
        };
      }),
    );
    await test(store, id);
  } finally {
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("text is found through encodings, charsets and case", () =>
  withMessages([
    { header: "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= =?utf-8?q?_aus?= Bonn" },
    { header: "Subject: Ordinary\r\n folded line\r\nX-Odd: a\r\nX-Odd: b" },
    {
      header: "From: =?iso-8859-1?q?J=F6rg?= <Joerg@Example.ORG>",
      body: "aMO2dGgg4oCTIFN0cmHDn2U=\r\n",
      part: { encoding: "base64", charset: "utf-8" },
    },
    {
      header: "To: someone",
      body: "caf=E9 au l=\r\nait",
      part: { encoding: "quoted-printable", charset: "iso-8859-1" },
    },
    { header: "Subject: binary", body: "hidden", part: { type: "image/png" } },
  ], async ({ storage }, inbox) => {
    const find = async (key: SearchKey): Promise<number[]> => [
      ...await storage.search(inbox, key),
    ];
    assert.deepEqual(
      await find({ kind: "subject", text: "grüße AUS bonn" }),
      [1],
    );
    assert.deepEqual(await find({ kind: "subject", text: "nary folded" }), [2]);
    assert.deepEqual(
      await find({ kind: "header", name: "x-odd", text: "B" }),
      [2],
    );
    assert.deepEqual(
      await find({ kind: "header", name: "subject", text: "" }),
      [1, 2, 5],
    );
    assert.deepEqual(
      await find({ kind: "address", field: "from", text: "JÖRG" }),
      [3],
    );
    assert.deepEqual(
      await find({ kind: "address", field: "from", text: "example.org" }),
      [3],
    );
    assert.deepEqual(await find({ kind: "body", text: "HÖTH – stra" }), [3]);
    assert.deepEqual(await find({ kind: "body", text: "Café au lait" }), [4]);
    assert.deepEqual(await find({ kind: "text", text: "hidden" }), []);
    assert.deepEqual(await find({ kind: "text", text: "someone" }), [4]);
    assert.deepEqual(await find({ kind: "body", text: "someone" }), []);
    assert.deepEqual(
      await find({ kind: "not", key: { kind: "text", text: "subject" } }),
      [3, 4],
    );
  }));

Deno.test("addresses are found in the envelope's form and as written", () =>
  withMessages([
    { header: "From: Ann <ann (home)@ (at) example.org>\r\nX-F: a (b)@c" },
    { header: "From: ann@example.org (Ann)" },
    { header: "To: friends: bob @ example.org, ann@example.org;" },
  ], async ({ storage }, inbox) => {
    const find = async (
      field: "from" | "to",
      text: string,
    ): Promise<number[]> => [
      ...await storage.search(inbox, { kind: "address", field, text }),
    ];
    // Once without the index, which the first reader fills, and with it.
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(await find("from", "ANN@example.org"), [1, 2]);
      assert.deepEqual(await find("from", "n@exam"), [1, 2]);
      assert.deepEqual(await find("from", "(home)@"), [1]);
      assert.deepEqual(await find("to", "bob@example.org"), [3]);
      assert.deepEqual(await find("to", "friends"), [3]);
      assert.deepEqual(await find("to", "org ann"), []);
    }
    const key: SearchKey = { kind: "header", name: "x-f", text: "a@c" };
    assert.deepEqual([...await storage.search(inbox, key)], []);
  }));

Deno.test("a long part is searched to its end, also where pieces join", () => {
  const long = "x".repeat(3 * 1024 * 1024);
  return withMessages([
    { header: "Subject: a", body: `${long} Needle` },
    { header: "Subject: b", body: long },
  ], async ({ storage }, inbox) => {
    const key: SearchKey = { kind: "body", text: "x needle" };
    assert.deepEqual([...await storage.search(inbox, key)], [1]);
  });
});

Deno.test("the sent date is the day in the zone of the sender", () =>
  withMessages([
    {
      header: "Date: Sat, 3 Jan 2026 00:30:00 +1100",
      sentAt: Date.UTC(2026, 0, 2, 13, 30),
    },
    {
      header: "Date: 2 Jan 2026 23:59:59 -0800",
      sentAt: Date.UTC(2026, 0, 3, 7, 59, 59),
    },
    { header: "Subject: no date" },
  ], async ({ storage }, inbox) => {
    const on = (day: number): SearchKey => ({
      kind: "sentDate",
      op: "on",
      date: { year: 2026, month: 1, day },
    });
    assert.deepEqual([...await storage.search(inbox, on(3))], [1]);
    assert.deepEqual([...await storage.search(inbox, on(2))], [2]);
    const not: SearchKey = { kind: "not", key: on(2) };
    assert.deepEqual([...await storage.search(inbox, not)], [1, 3]);
  }));

Deno.test("a search stops when it is given up", () =>
  withMessages(
    Array.from({ length: 50 }, () => ({ header: "Subject: x" })),
    async ({ storage }, inbox) => {
      const search = storage.search(
        inbox,
        { kind: "text", text: "x" },
        AbortSignal.abort(new DOMException("enough", "AbortError")),
      );
      await assert.rejects(search, { name: "AbortError" });
    },
  ));

/** Numbers that look random and are the same every time. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

Deno.test("any tree of keys finds what a naive evaluation finds", async () => {
  const random = generator(7);
  const words = ["alpha", "beta", "gamma"];
  const samples = Array.from({ length: 40 }, () => ({
    flags: ["\\Seen", "\\Flagged", "tag"].filter(() => random(2) === 0),
    internalDate: random(5) * DAY_MS + random(DAY_MS),
    header: `Subject: ${words[random(3)]}`,
    body: words[random(3)] ?? "",
  }));
  const leaf = (): SearchKey => {
    const text = words[random(3)] ?? "";
    const date = { year: 1970, month: 1, day: 1 + random(5) };
    switch (random(7)) {
      case 0:
        return {
          kind: "flag",
          flag: ["\\Seen", "TAG", "none"][random(3)] ?? "",
        };
      case 1: {
        const op = (["before", "on", "since"] as const)[random(3)] ?? "on";
        return { kind: "internalDate", op, date };
      }
      case 2:
        return { kind: "subject", text };
      case 3:
        return { kind: "body", text };
      case 4: {
        const first = 1 + random(40);
        return { kind: "uid", ranges: [[first, first + random(10)]] };
      }
      case 5:
        return { kind: "text", text };
      default:
        return { kind: "all" };
    }
  };
  const tree = (depth: number): SearchKey => {
    switch (depth === 0 ? 9 : random(5)) {
      case 0:
        return { kind: "not", key: tree(depth - 1) };
      case 1:
        return { kind: "or", left: tree(depth - 1), right: tree(depth - 1) };
      case 2:
        return { kind: "and", keys: [tree(depth - 1), tree(depth - 1)] };
      default:
        return leaf();
    }
  };
  const holds = (key: SearchKey, uid: number): boolean => {
    const sample = samples[uid - 1];
    assert.ok(sample !== undefined);
    switch (key.kind) {
      case "and":
        return key.keys.every((each) => holds(each, uid));
      case "or":
        return holds(key.left, uid) || holds(key.right, uid);
      case "not":
        return !holds(key.key, uid);
      case "uid":
        return key.ranges.some(([a, b]) => a <= uid && uid <= b);
      case "flag":
        return sample.flags.includes(key.flag.replace("TAG", "tag"));
      case "internalDate": {
        const start = (key.date.day - 1) * DAY_MS;
        if (key.op === "before") return sample.internalDate < start;
        return sample.internalDate >= start &&
          (key.op === "since" || sample.internalDate < start + DAY_MS);
      }
      case "subject":
        return sample.header.includes(key.text);
      case "body":
        return sample.body.includes(key.text);
      case "text":
        return `${sample.header} ${sample.body}`.includes(key.text);
      default:
        return true;
    }
  };
  await withMessages(samples, async ({ storage }, inbox) => {
    for (let round = 0; round < 300; round++) {
      const key = tree(4);
      const expected = samples.map((_, n) => n + 1)
        .filter((uid) => holds(key, uid));
      assert.deepEqual(
        [...await storage.search(inbox, key)],
        expected,
        JSON.stringify(key),
      );
    }
  });
});

Deno.test("uid sets with 100,000 ranges and very deep trees are decided", () =>
  withMessages(
    Array.from({ length: 5 }, () => ({ header: "Subject: x" })),
    async ({ storage }, inbox) => {
      const ranges = Array.from(
        { length: 100_000 },
        (_, n) => [n * 2 + 1, n * 2 + 1] as const,
      );
      assert.deepEqual(
        [...await storage.search(inbox, { kind: "uid", ranges })],
        [1, 3, 5],
      );
      let deep: SearchKey = { kind: "uid", ranges: [[2, 2]] };
      for (let n = 0; n < 1_000; n++) deep = { kind: "not", key: deep };
      assert.deepEqual([...await storage.search(inbox, deep)], [2]);
    },
  ));

Deno.test("what is kept of a mailbox follows every change", () =>
  withMessages(
    Array.from({ length: 30 }, () => ({ header: "Subject: x" })),
    async ({ storage }, inbox) => {
      const random = generator(21);
      const account = await storage.openAccount("ann");
      const { id: other = 0 } = await storage.createMailbox(account, "Other");
      const template = {
        internalDate: 0,
        header: new TextEncoder().encode("Subject: x\r\n\r\n"),
        body: new Uint8Array(),
        bodySize: 0,
        summary: plainSummary(0),
      };
      const some = (uids: Uint32Array): Uint32Array =>
        uids.filter(() => random(3) === 0);
      for (let round = 0; round < 150; round++) {
        const { uids } = await storage.snapshot(inbox);
        const flags = [["\\Deleted"], ["\\Seen"], ["work"]][random(3)] ?? [];
        const mode = random(2) === 0 ? "add" : "remove";
        switch (random(5)) {
          case 0:
            await storage.append(inbox, [{ ...template, flags }]);
            break;
          case 1:
            await storage.expunge(inbox, some(uids));
            break;
          case 2:
            await storage.copy(inbox, some(uids), other, {
              move: uids.length > 20,
            });
            break;
          case 3:
            await storage.copy(
              other,
              some((await storage.snapshot(other)).uids),
              inbox,
              { move: random(2) === 0 },
            );
            break;
          default:
            await storage.storeFlags(inbox, some(uids), { mode, flags });
        }
        for (const mailbox of [inbox, other]) {
          const now = await storage.snapshot(mailbox);
          const all = await storage.search(mailbox, { kind: "all" });
          assert.deepEqual(all, now.uids);
          const [first = 0] = now.modSeqs;
          const key: SearchKey = { kind: "modseq", value: first };
          assert.deepEqual(
            await storage.search(mailbox, key),
            now.uids.filter((_, n) => (now.modSeqs[n] ?? 0) >= first),
          );
          assert.deepEqual(
            await storage.search(mailbox, { kind: "flag", flag: "\\Seen" }),
            now.uids.filter((_, n) => (now.flags[n] ?? 0) % 2 === 1),
          );
          const criteria = [{ by: "size", reverse: true }] as const;
          const order = storage.powers?.order;
          const sorted = await order?.sort({ mailbox, key, criteria });
          assert.equal(
            sorted?.length,
            (await storage.search(mailbox, key)).length,
          );
        }
      }
    },
  ));

Deno.test("ids, days of saving and near texts are found", () =>
  withMessages([
    { header: "Subject: Zwei Cafés in Bonn" },
    { header: "Subject: Bonn, zweimal Cafe" },
    { header: "Subject: Bonn" },
  ], async ({ storage }, inbox) => {
    const find = async (key: SearchKey): Promise<number[]> => [
      ...await storage.search(inbox, key),
    ];
    const [batch = []] = await Array.fromAsync(
      storage.fetch(inbox, Uint32Array.of(1, 2), { ids: true }),
    );
    const [one, two] = batch;
    assert.ok(one !== undefined && two !== undefined);
    assert.deepEqual(await find({ kind: "emailId", id: one.emailId }), [1]);
    assert.deepEqual(await find({ kind: "emailId", id: "M" }), []);
    const { threadId } = two;
    assert.deepEqual(await find({ kind: "threadId", id: threadId }), [2]);
    assert.deepEqual(
      await find({
        kind: "or",
        left: { kind: "threadId", id: threadId },
        right: {
          kind: "and",
          keys: [
            { kind: "subject", text: "bonn" },
            { kind: "emailId", id: one.emailId },
          ],
        },
      }),
      [1, 2],
    );
    const now = new Date();
    const date = {
      year: now.getUTCFullYear(),
      month: now.getUTCMonth() + 1,
      day: now.getUTCDate() - 1,
    };
    const since: SearchKey = { kind: "savedDate", op: "since", date };
    assert.deepEqual(await find(since), [1, 2, 3]);
    assert.deepEqual(await find({ ...since, op: "before" }), []);
    const near = (text: string): SearchKey => ({
      kind: "fuzzy",
      key: { kind: "subject", text },
    });
    assert.deepEqual(await find(near("bonn zwei")), [1, 2]);
    assert.deepEqual(await find(near("bonn café")), [1, 2]);
    assert.deepEqual(await find({ kind: "subject", text: "bonn zwei" }), []);
    assert.deepEqual(
      await find({ kind: "not", key: near("zwei bonn") }),
      [3],
    );
  }));

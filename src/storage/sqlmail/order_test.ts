import assert from "node:assert/strict";
import type { NewMessage } from "#src/imap/backend.ts";
import type {
  OrderPower,
  SortCriterion,
  ThreadAlgorithm,
} from "#src/imap/powers.ts";
import { summarizeBytes } from "#src/imap/summary_builder.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import { openStore, type TestStore } from "#tests/support/mail_store.ts";

const ALL = { kind: "all" } as const;

async function withMail(
  headers: readonly string[],
  test: (mail: {
    readonly store: TestStore;
    readonly inbox: number;
    readonly order: OrderPower;
  }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const store = await openStore(folder, { worker: "cli" });
  try {
    await store.admin.call("account.add", { name: "ann", password: "p" });
    const account = await store.storage.openAccount("ann");
    const { id = 0 } = await store.storage.findMailbox(account, "INBOX");
    await store.storage.append(id, headers.map(message));
    const order = store.storage.powers?.order;
    assert.ok(order !== undefined);
    await test({ store, inbox: id, order });
  } finally {
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Internal dates are hours, in the order of the mailbox. */
function message(header: string, n: number): NewMessage {
  const encoder = new TextEncoder();
  const bytes = encoder.encode(`${header}\r\n\r\n`);
  const body = encoder.encode("x".repeat(n));
  return {
    flags: n % 2 === 0 ? ["\\Seen"] : [],
    internalDate: Date.UTC(2026, 0, 1, n),
    header: bytes,
    body,
    bodySize: body.length,
    summary: summarizeBytes(new HeaderBlock(bytes), body),
  };
}

/** Threads as RFC 5256 writes them, `-` for a message that nobody has. */
function shape(uids: Uint32Array, depths: Uint32Array): string {
  let text = "";
  for (const [n, uid] of uids.entries()) {
    text += `${" ".repeat(depths[n] ?? 0)}${uid === 0 ? "-" : uid};`;
  }
  return text;
}

async function threads(
  headers: readonly string[],
  algorithm: ThreadAlgorithm = "REFERENCES",
): Promise<string> {
  let found = "";
  await withMail(headers, async ({ inbox, order }) => {
    const walk = await order.thread({ mailbox: inbox, key: ALL, algorithm });
    found = shape(walk.uids, walk.depths);
  });
  return found;
}

async function remove(
  { storage }: TestStore,
  inbox: number,
  uid: number,
): Promise<void> {
  const uids = Uint32Array.of(uid);
  await storage.storeFlags(inbox, uids, { mode: "add", flags: ["\\Deleted"] });
  await storage.expunge(inbox, uids);
}

const mail = (
  id: string,
  references = "",
  subject = id,
  day = 1,
): string =>
  `Message-ID: <${id}@x>\r\nSubject: ${subject}\r\n` +
  `Date: ${day} Feb 2026 10:00:00 +0000` +
  (references === ""
    ? ""
    : `\r\nReferences: ${
      references.split(" ").map((one) => `<${one}@x>`).join(" ")
    }`);

Deno.test("SORT orders by every criterion, in both directions", () =>
  withMail([
    "Subject: Re: banana\r\nFrom: Zoe <adam@x.test>\r\nTo: c@x.test\r\n" +
    "Date: 5 Jan 2026 10:00:00 +0000",
    "Subject: Apple\r\nFrom: =?utf-8?q?=C3=84nne?= <zora@x.test>\r\n" +
    "To: B <d@x.test>\r\nDate: 4 Jan 2026 23:00:00 -0500\r\nCc: b@x.test",
    "Subject: [list] ÄPFEL\r\nFrom: mia@x.test\r\nTo: a@x.test\r\n" +
    "Date: broken",
    "Subject: BANANA\r\nDate: 6 Jan 2026 10:00:00 +0000\r\nCc: A@x.test",
  ], async ({ store, inbox, order }) => {
    const sort = async (...criteria: SortCriterion[]): Promise<number[]> => [
      ...await order.sort({ mailbox: inbox, key: ALL, criteria }),
    ];
    const by = (name: SortCriterion["by"]): SortCriterion => ({
      by: name,
      reverse: false,
    });
    const down = (name: SortCriterion["by"]): SortCriterion => ({
      by: name,
      reverse: true,
    });
    assert.deepEqual(await sort(by("arrival")), [1, 2, 3, 4]);
    assert.deepEqual(await sort(down("arrival")), [4, 3, 2, 1]);
    // No date: when it arrived, which is 1 January.
    assert.deepEqual(await sort(by("date")), [3, 2, 1, 4]);
    // The mark of the umlaut stands after every letter.
    assert.deepEqual(await sort(by("subject")), [2, 3, 1, 4]);
    assert.deepEqual(await sort(by("subject"), down("date")), [2, 3, 4, 1]);
    assert.deepEqual(await sort(down("subject")), [1, 4, 3, 2]);
    assert.deepEqual(await sort(by("from")), [4, 1, 3, 2]);
    assert.deepEqual(await sort(by("to")), [4, 3, 1, 2]);
    assert.deepEqual(await sort(by("cc")), [1, 3, 4, 2]);
    assert.deepEqual(await sort(by("displayFrom")), [4, 2, 3, 1]);
    assert.deepEqual(await sort(by("displayTo")), [4, 3, 2, 1]);
    assert.deepEqual(await sort(down("size")), [2, 1, 3, 4]);
    const seen = { kind: "flag", flag: "\\Seen" } as const;
    const criteria = [down("arrival")];
    assert.deepEqual(
      [...await order.sort({ mailbox: inbox, key: seen, criteria })],
      [3, 1],
    );
    await remove(store, inbox, 2);
    await store.storage.append(inbox, [message("Subject: aa", 9)]);
    assert.deepEqual(await sort(by("subject")), [5, 3, 1, 4]);
  }));

Deno.test("THREAD=ORDEREDSUBJECT joins subjects, by date", async () => {
  const headers = [
    mail("a", "", "Re: two", 5),
    mail("b", "", "one", 4),
    mail("c", "", "two", 3),
    mail("d", "", "Fwd: ONE", 6),
    mail("e", "", "three", 1),
  ];
  assert.equal(
    await threads(headers, "ORDEREDSUBJECT"),
    "5;3; 1;2; 4;",
  );
});

Deno.test("THREAD=REFERENCES follows references through absent mail", async () => {
  assert.equal(
    await threads([
      mail("a"),
      mail("b", "a", "b", 2),
      mail("c", "a b", "c", 3),
      mail("d", "a", "d", 4),
    ]),
    "1; 2;  3; 4;",
  );
  // An absent parent holds two together, and is left out over one.
  assert.equal(await threads([mail("b", "a"), mail("c", "a")]), "-; 1; 2;");
  assert.equal(await threads([mail("b", "a")]), "1;");
  // An absent message in the middle.
  assert.equal(await threads([mail("a"), mail("c", "a b")]), "1; 2;");
  // A child that comes before its parent.
  assert.equal(await threads([mail("b", "a", "b", 2), mail("a")]), "2; 1;");
  // No References: In-Reply-To.
  assert.equal(
    await threads([mail("a"), `${mail("b")}\r\nIn-Reply-To: <a@x> <z@x>`]),
    "1; 2;",
  );
});

Deno.test("THREAD=REFERENCES joins threads of one subject", async () => {
  const join = (first: string, second: string): Promise<string> =>
    threads([mail("a", "", first), mail("b", "", second, 2)]);
  assert.equal(await join("hello", "Re: hello"), "1; 2;");
  assert.equal(await join("Re: hello", "hello"), "2; 1;");
  assert.equal(await join("hello", "HELLO"), "-; 1; 2;");
  assert.equal(await join("", ""), "1;2;");
  // Both absent: their children stand side by side.
  assert.equal(
    await threads([
      mail("a", "p", "s"),
      mail("b", "p", "s", 2),
      mail("c", "q", "s", 3),
      mail("d", "q", "s", 4),
    ]),
    "-; 1; 2; 3; 4;",
  );
  // One absent: the other becomes one of its children.
  assert.equal(
    await threads([
      mail("a", "p", "s"),
      mail("b", "p", "s", 2),
      mail("c", "", "s", 3),
    ]),
    "-; 1; 2; 3;",
  );
  assert.equal(
    await threads([
      mail("a", "", "s"),
      mail("b", "", "s", 2),
      mail("c", "", "s", 3),
    ]),
    "-; 1; 2; 3;",
  );
});

Deno.test("THREAD=REFERENCES survives circles and doubles", async () => {
  const circle = await threads([mail("a", "b"), mail("b", "a", "b", 2)]);
  assert.deepEqual(circle.match(/\d/g)?.sort(), ["1", "2"]);
  assert.equal(await threads([mail("a", "a")]), "1;");
  const round = await threads([
    mail("a", "b c d"),
    mail("b", "c d a"),
    mail("c", "d a b"),
    mail("d", "a b c"),
  ]);
  assert.deepEqual(round.match(/\d/g)?.sort(), ["1", "2", "3", "4"]);
  assert.equal(
    await threads([mail("a", "", "x"), mail("a", "", "y", 2)]),
    "1;2;",
  );
});

Deno.test("random references give each message once, children below", () => {
  let state = 9;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  const headers = Array.from({ length: 300 }, (_, n) => {
    const references = Array.from(
      { length: random(4) },
      () => `m${random(330)}`,
    ).join(" ");
    return mail(`m${n}`, references, `s${random(150)}`, 1 + random(28));
  });
  return withMail(headers, async ({ inbox, order }) => {
    const { uids, depths } = await order.thread({
      mailbox: inbox,
      key: ALL,
      algorithm: "REFERENCES",
    });
    const there = [...uids].filter((uid) => uid > 0).sort((a, b) => a - b);
    assert.deepEqual(there, headers.map((_, n) => n + 1));
    let last = -1;
    for (const [n, depth] of depths.entries()) {
      assert.ok(depth <= last + 1);
      last = depth;
      if (uids[n] === 0) {
        // An absent message is at the root and holds two or more.
        assert.equal(depth, 0);
        const rest = [...depths.slice(n + 1)];
        const end = rest.indexOf(0);
        const own = end < 0 ? rest : rest.slice(0, end);
        assert.ok(own.filter((each) => each === 1).length >= 2);
      }
    }
  });
});

Deno.test("a chain of 20,000 messages is threaded in its depth", () => {
  const headers = Array.from(
    { length: 20_000 },
    (_, n) => mail(`m${n}`, n === 0 ? "" : `m${n - 1}`),
  );
  return withMail(headers.toReversed(), async ({ inbox, order }) => {
    const { depths } = await order.thread({
      mailbox: inbox,
      key: ALL,
      algorithm: "REFERENCES",
    });
    assert.equal(Math.max(...depths.slice(-1)), 19_999);
  });
});

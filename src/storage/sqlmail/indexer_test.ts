import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import type { MailboxId, NewMessage } from "#src/imap/backend.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import { summarizeBytes } from "#src/imap/summary_builder.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import { openStore, type TestStore } from "#tests/support/mail_store.ts";
import { Sqlite3 } from "../sqlite3.ts";
import { Indexer } from "./indexer.ts";

/** A store that does not index by itself, and what does it on demand. */
interface Bench {
  readonly folder: string;
  readonly store: TestStore;
  readonly inbox: MailboxId;
  /** Indexes all that waits; how many blocks that were. */
  index(now?: number, blockPlaces?: number): Promise<number>;
  status(): Promise<{ readonly contents: number; readonly indexed: number }>;
}

async function withStore(
  test: (bench: Bench) => Promise<void>,
  options: { readonly blobThreshold?: number } = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const store = await openStore(folder, { ...options, worker: "cli" });
  const driver = new Sqlite3({ path: `${folder}/mail.db`, readOnly: true });
  await driver.open();
  let asked = 0;
  try {
    await store.admin.call("account.add", { name: "ann", password: "p" });
    const account = await store.storage.openAccount("ann");
    const { id = 0 } = await store.storage.findMailbox(account, "INBOX");
    await test({
      folder,
      store,
      inbox: id,
      async index(now = 0, blockPlaces): Promise<number> {
        const indexer = new Indexer({
          driver,
          blobs: store.blobs,
          path: `${folder}/mail-search.db`,
          clock: {
            ...SYSTEM_CLOCK,
            now: () => now,
            // Looks for deleted contents at every round.
            monotonic: () => performance.now() + 1e9 * asked++,
            // Nothing else holds the test up while it rests.
            sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
          },
          log: SILENT_LOG,
          ...(blockPlaces !== undefined && { blockPlaces }),
        });
        let blocks = 0;
        while (await indexer.round()) blocks++;
        await indexer.close();
        return blocks;
      },
      status: async () =>
        await store.admin.call("search.status", {}) as {
          contents: number;
          indexed: number;
        },
    });
  } finally {
    await driver.close();
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
}

function message(header: string, body: string): NewMessage {
  const encoder = new TextEncoder();
  const bytes = encoder.encode(`${header}\r\n\r\n`);
  const content = encoder.encode(body);
  return {
    flags: [],
    internalDate: 0,
    header: bytes,
    body: content,
    bodySize: content.length,
    summary: summarizeBytes(new HeaderBlock(bytes), content),
  };
}

const body = (text: string): SearchKey => ({ kind: "body", text });

/** Numbers that look random and are the same every time. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

/** A message of random words in random encodings. */
function randomMessage(random: (below: number) => number): NewMessage {
  const words = [
    "alpha",
    "Beta-Gamma",
    "user@example.org",
    "Grüße",
    "ΟΔΟΣ",
    "漢字かな",
    "한국어",
    "straße",
    "x",
    "<b>bold</b>",
    "a.b.c",
    "e\u0301te\u0301",
  ];
  const text = (most: number): string =>
    Array.from({ length: random(most) }, () => words[random(words.length)])
      .join([" ", "  ", "\r\n", ""][random(4)]);
  const encoded = (value: string): string =>
    `=?utf-8?B?${
      btoa(String.fromCharCode(...new TextEncoder().encode(value)))
    }?=`;
  const oneLine = (most: number): string => text(most).replace(/\s+/g, " ");
  const header = [
    `Subject: ${encoded(oneLine(4))} ${encoded(oneLine(3))}`,
    `From: ${encoded(oneLine(2))} <user${random(3)}@example.org>`,
    ...random(2) === 0 ? [`X-Tag: ${["one", "two words"][random(2)]}`] : [],
    `Date: ${random(28) + 1} Jan 2026 23:30:00 -0${random(9)}00`,
    "MIME-Version: 1.0",
  ];
  switch (random(3)) {
    case 0:
      return message(
        [...header, "Content-Type: text/plain; charset=utf-8"].join("\r\n"),
        text(12),
      );
    case 1:
      return message(
        [
          ...header,
          "Content-Type: text/html; charset=utf-8",
          "Content-Transfer-Encoding: base64",
        ].join("\r\n"),
        btoa(String.fromCharCode(
          ...new TextEncoder().encode(`<p>${text(9)}<i>in</i>side</p>`),
        )),
      );
    default:
      return message(
        [...header, "Content-Type: multipart/mixed; boundary=b"].join("\r\n"),
        `--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text(6)}\r\n` +
          "--b\r\nContent-Type: application/x-a; name=Invoice-7.pdf\r\n" +
          "Content-Disposition: attachment; filename=Invoice-7.pdf\r\n\r\n" +
          "hidden\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" +
          `Subject: inner ${oneLine(2)}\r\n\r\n${text(3)}\r\n--b--\r\n`,
      );
  }
}

Deno.test("answers are the same with and without the index", () =>
  withStore(async ({ store, inbox, index }) => {
    const random = generator(3);
    const { storage } = store;
    const messages = Array.from({ length: 90 }, () => randomMessage(random));
    const texts = [
      "",
      "a",
      "et",
      "alpha",
      "ta-g",
      "a-gamma u",
      "@EXAMPLE.",
      "user1@",
      "grüsse",
      "GRÜSSE",
      "grüße",
      "οδοσ",
      "οδος",
      "字か",
      "漢",
      "한국",
      "STRASSE",
      "straße",
      "bold",
      "<b>",
      "inside",
      "invoice-7",
      "inner a",
      "hidden",
      "subject: ",
      "x-tag: two",
      "two words",
      " alpha",
      "alpha ",
      "alpha  beta",
      "c x",
      "b.c a",
      "été",
      "ete",
      "e",
    ];
    const keys: SearchKey[] = texts.flatMap((text): SearchKey[] => [
      { kind: "text", text },
      { kind: "body", text },
      { kind: "subject", text },
      { kind: "address", field: "from", text },
      { kind: "header", name: "x-tag", text },
      { kind: "header", name: "x-absent", text },
      { kind: "not", key: { kind: "text", text } },
    ]);
    for (let day = 1; day < 30; day += 3) {
      for (const op of ["before", "on", "since"] as const) {
        const date = { year: 2026, month: 1, day };
        keys.push({ kind: "sentDate", op, date });
      }
    }
    await storage.append(inbox, messages);
    const expected = new Map<SearchKey, readonly number[]>();
    for (const key of keys) {
      expected.set(key, [...await storage.search(inbox, key)]);
    }
    const found = [...expected.values()].filter((uids) => uids.length > 0);
    assert.ok(found.length > keys.length / 2);
    assert.equal(await index(), 1);
    for (const [key, uids] of expected) {
      const now = [...await storage.search(inbox, key)];
      assert.deepEqual(now, uids, JSON.stringify(key));
    }
    // The last ones are not in the index.
    await storage.append(inbox, messages.slice(0, 10));
    for (const [key, uids] of expected) {
      const again = uids.filter((uid) => uid <= 10).map((uid) => uid + 90);
      const now = [...await storage.search(inbox, key)];
      assert.deepEqual(now, [...uids, ...again], JSON.stringify(key));
    }
  }));

Deno.test("small blocks are joined as more mail comes", () =>
  withStore(async ({ folder, store, inbox, index, status }) => {
    for (let n = 0; n < 40; n++) {
      await store.storage.append(inbox, [message("Subject: a", `word${n}x`)]);
      assert.ok(await index() >= 1);
    }
    const { contents, indexed } = await status();
    assert.equal(indexed, contents);
    const search = new DatabaseSync(`${folder}/mail-search.db`);
    const { blocks } = search.prepare("SELECT count(*) AS blocks FROM blocks")
      .get() as { blocks: number };
    const { stray } = search.prepare(
      "SELECT count(*) AS stray FROM words WHERE NOT EXISTS (SELECT 1 FROM " +
        "blocks WHERE words.id BETWEEN first_word AND last_word)",
    ).get() as { stray: number };
    search.close();
    assert.ok(blocks < 6, `${blocks} blocks`);
    assert.equal(stray, 0);
    for (let n = 0; n < 40; n++) {
      const found = await store.storage.search(inbox, body(`word${n}x`));
      assert.deepEqual([...found], [n + 1]);
    }
  }));

Deno.test("words of deleted mail leave the index", () =>
  withStore(async ({ folder, store, inbox, index }) => {
    const { storage } = store;
    await storage.append(inbox, [
      message("Subject: keep", "ordinary"),
      message("Subject: drop", "confidential"),
    ]);
    await index();
    const uids = Uint32Array.of(2);
    const flags = ["\\Deleted"];
    await storage.storeFlags(inbox, uids, { mode: "add", flags });
    await storage.expunge(inbox, uids);
    assert.deepEqual([...await storage.search(inbox, body("confid"))], []);
    sweep(folder);
    // A day later at the latest, even for one of many.
    await index(Date.now() + 25 * 3_600_000);
    const words = (): readonly string[] => {
      const search = new DatabaseSync(`${folder}/mail-search.db`);
      const rows = search.prepare("SELECT word FROM words").all();
      search.close();
      return rows.map((row) => String(row.word));
    };
    assert.ok(words().includes("ORDINARY"));
    assert.ok(!words().includes("CONFIDENTIAL"));
    assert.deepEqual([...await storage.search(inbox, body("ordin"))], [1]);
    await store.admin.call("account.remove", { name: "ann" });
    sweep(folder);
    await index();
    assert.deepEqual(words(), []);
  }));

/** Removes contents that nobody uses, as the sweep of the store does. */
function sweep(folder: string): void {
  const mail = new DatabaseSync(`${folder}/mail.db`);
  mail.exec("DELETE FROM contents WHERE uses = 0");
  mail.close();
}

Deno.test("a broken or foreign index is made again, answers stay right", () =>
  withStore(async ({ folder, store, inbox, index, status }) => {
    const { storage } = store;
    await storage.append(inbox, [message("Subject: a", "needle")]);
    await index();
    const path = `${folder}/mail-search.db`;
    assert.deepEqual([...await storage.search(inbox, body("needle"))], [1]);
    // Another store's index: it knows the content, with other words.
    const search = new DatabaseSync(path);
    search.exec("UPDATE meta SET value = 1 WHERE name = 'generation'");
    search.exec("UPDATE words SET word = 'ELSE'");
    search.close();
    assert.deepEqual([...await storage.search(inbox, body("needle"))], [1]);
    assert.deepEqual([...await storage.search(inbox, body("else"))], []);
    assert.equal((await status()).indexed, 0);
    assert.equal(await index(), 1);
    assert.equal((await status()).indexed, 1);
    await store.admin.call("search.reindex", {});
    assert.equal((await status()).indexed, 0);
    assert.equal(await index(), 1);
    // An older mail database was put back: ids will be given again.
    const mail = new DatabaseSync(`${folder}/mail.db`);
    mail.exec("UPDATE sqlite_sequence SET seq = 0 WHERE name = 'contents'");
    mail.close();
    await index();
    assert.equal((await status()).indexed, 1);
  }));

Deno.test("a block that was not finished leaves nothing behind", () =>
  withStore(async ({ folder, store, inbox, index }) => {
    await store.storage.append(inbox, [message("Subject: a", "first")]);
    await index();
    // A crash in the middle of a block: its transaction never ends.
    const search = new DatabaseSync(`${folder}/mail-search.db`);
    search.exec("BEGIN IMMEDIATE");
    search.exec("INSERT INTO words VALUES (1000, 'HALF', x'01', x'')");
    search.close();
    await store.storage.append(inbox, [message("Subject: b", "second")]);
    assert.equal(await index(), 1);
    for (const [n, text] of ["first", "second"].entries()) {
      const found = await store.storage.search(inbox, body(text));
      assert.deepEqual([...found], [n + 1]);
    }
    assert.deepEqual([...await store.storage.search(inbox, body("half"))], []);
  }));

Deno.test("text in blobs and text that is too long is found", () =>
  withStore(async ({ store, inbox, index }) => {
    const long = "word ".repeat(300_000);
    await store.storage.append(inbox, [
      message("Subject: a", `${long} needle`),
      message("Subject: b", long),
      message("Subject: c", "a needle in a blob ".repeat(20)),
    ]);
    await index();
    const { storage } = store;
    assert.deepEqual([...await storage.search(inbox, body("needle"))], [1, 3]);
    assert.deepEqual(
      [...await storage.search(inbox, body("word needle"))],
      [1],
    );
  }, { blobThreshold: 100 }));

Deno.test("long messages fill blocks, and no block is built over and over", () =>
  withStore(async ({ store, inbox, index, status }) => {
    const text = Array.from({ length: 100 }, (_, n) => `word${n}`).join(" ");
    const append = (count: number): Promise<unknown> =>
      store.storage.append(
        inbox,
        Array.from({ length: count }, (_, n) =>
          message(`Subject: ${n}`, `${text} end${n}`)),
      );
    await append(200);
    // About a hundred places a message: ten messages a block.
    const first = await index(0, 1_000);
    assert.ok(first <= 25, `${first} blocks were built`);
    for (let n = 0; n < 40; n++) {
      await append(1);
      const more = await index(0, 1_000);
      assert.ok(more <= 2, `${more} blocks were built for one message`);
    }
    const { contents, indexed } = await status();
    assert.equal(indexed, contents);
    const found = await store.storage.search(inbox, body("end199"));
    assert.deepEqual([...found], [200]);
  }));

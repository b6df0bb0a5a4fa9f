/**
 * SEARCH, SORT and THREAD in one mailbox of 100,000 messages (or as many as
 * the first argument says), in process: how long the index takes to build, how
 * large it is, and how long single keys take, first and when warm.
 *
 * The folder given as second argument is kept, and used again where it has the
 * messages already.
 */
import { HeaderBlock } from "#src/message/header_block.ts";
import type { NewMessage } from "#src/imap/backend.ts";
import type { SearchKey } from "#src/imap/search_key.ts";
import { summarizeBytes } from "#src/imap/summary_builder.ts";
import { openStore, type TestStore } from "#tests/support/mail_store.ts";

const COUNT = Number(Deno.args[0] ?? 100_000);
const ROUNDS = 5;
const ACCOUNT = "bench@example.org";

const folder = Deno.args[1] ?? await Deno.makeTempDir({ prefix: "epistle-" });
const store = await openStore(folder);
try {
  const mailbox = await fill(store);
  await waitForIndex(folder);
  await runAll(store, mailbox);
} finally {
  await store.close();
  if (Deno.args[1] === undefined) {
    await Deno.remove(folder, { recursive: true });
  }
}

function print(line: string): void {
  // deno-lint-ignore no-console -- this is what the script is for
  console.log(line);
}

/** Numbers that look random and are the same every time. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return state / 2 ** 32;
  };
}

/** Words of which few are common and most are rare, as in a language. */
function vocabulary(random: () => number, size: number): () => string {
  const syllables =
    "an be co du en fi go ha in ju ke lo me ni or pa qui re sa ti un ve wo ing er tion st al"
      .split(" ");
  const words = new Set<string>();
  while (words.size < size) {
    const length = 1 + Math.floor(random() * 4);
    words.add(
      Array.from(
        { length },
        () => syllables[Math.floor(random() * syllables.length)] ?? "",
      ).join(""),
    );
  }
  const list = [...words];
  return () => list[Math.floor(size ** random()) - 1] ?? "";
}

async function fill(store: TestStore): Promise<number> {
  const accounts = await store.admin.call("account.list", {}) as unknown[];
  if (accounts.length === 0) {
    await store.admin.call("account.add", { name: ACCOUNT, password: "p" });
  }
  const account = await store.storage.openAccount(ACCOUNT);
  const { id = 0, status } = await store.storage.findMailbox(account, "INBOX");
  const began = performance.now();
  const random = generator(1);
  const word = vocabulary(random, 40_000);
  for (let n = status?.messages ?? 0; n < COUNT; n += 250) {
    const batch = Array.from(
      { length: Math.min(250, COUNT - n) },
      (_, k) => makeMessage(n + k, random, word),
    );
    await store.storage.append(id, batch);
  }
  print(`filled in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  return id;
}

function makeMessage(
  n: number,
  random: () => number,
  word: () => string,
): NewMessage {
  const text = (length: number): string =>
    Array.from({ length }, word).join(" ");
  const hex = (length: number): string =>
    Array.from({ length }, () => Math.floor(random() * 36).toString(36))
      .join("");
  const person = Math.floor(2_000 ** random());
  const parent = n - 1 - Math.floor(50 * random());
  const isReply = parent > 0 && random() < 0.6;
  const subject = `${isReply ? "Re: " : ""}${
    text(3 + Math.floor(random() * 4))
  }`;
  const date = new Date(Date.UTC(2024, 0, 1) + n * 600_000);
  const header =
    `Return-Path: <person${person}@host${person % 50}.example.net>\r\n` +
    `Received: from mail${person % 50}.example.net (mail.example.net [192.0.2.${
      person % 256
    }])\r\n\tby mx.example.org with ESMTPS id ${
      hex(12)
    }\r\n\tfor <${ACCOUNT}>; ${date.toUTCString()}\r\n` +
    `DKIM-Signature: v=1; a=rsa-sha256; d=example.net; s=k1;\r\n\th=from:to:subject:date:message-id; bh=${
      hex(43)
    }=;\r\n\tb=${hex(70)}\r\n\t ${hex(70)}\r\n\t ${hex(70)}\r\n\t ${
      hex(70)
    }\r\n` +
    `From: ${
      person % 3 === 0 ? "=?utf-8?q?J=C3=B6rg_" : "=?utf-8?q?Person_"
    }${person}?= <person${person}@host${
      person % 50
    }.example.net>\r\nTo: Bench <${ACCOUNT}>\r\n` +
    `Subject: ${subject}\r\nDate: ${
      date.toUTCString().replace("GMT", "+0000")
    }\r\n` +
    `Message-ID: <m${n}.${n * 7919 % 100_003}@host.example.net>\r\n` +
    (isReply
      ? `In-Reply-To: <m${parent}.${
        parent * 7919 % 100_003
      }@host.example.net>\r\nReferences: <m${parent}.${
        parent * 7919 % 100_003
      }@host.example.net>\r\n`
      : "") +
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
  const lines = Array.from(
    { length: 10 + Math.floor(random() * 40) },
    () => text(10),
  );
  if (n % 1_000 === 0) lines.push("a needle in the haystack");
  if (n % 2 === 0) lines.push("the common ground is here");
  if (n % 10 === 0) lines.push("漢字かな交じり文の検索");
  const body = new TextEncoder().encode(lines.join("\r\n") + "\r\n");
  const bytes = new TextEncoder().encode(header);
  return {
    flags: n % 7 === 0 ? ["\\Flagged"] : ["\\Seen"],
    internalDate: date.getTime() + 5_000,
    header: bytes,
    body,
    bodySize: body.length,
    summary: summarizeBytes(new HeaderBlock(bytes), body),
  };
}

async function waitForIndex(folder: string): Promise<void> {
  const began = performance.now();
  let indexed = -1;
  for (;;) {
    const status = await store.admin.call("search.status", {}) as {
      readonly indexed: number;
      readonly contents: number;
    };
    if (status.indexed >= status.contents) break;
    if (indexed < 0) indexed = status.indexed;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const seconds = (performance.now() - began) / 1_000;
  print(`indexed in ${seconds.toFixed(1)} s`);
  const size = (name: string): string => {
    try {
      return (Deno.statSync(`${folder}/${name}`).size / 2 ** 20).toFixed(0);
    } catch {
      return "0";
    }
  };
  print(`mail ${size("mail.db")} MiB, index ${size("mail-search.db")} MiB`);
}

async function runAll(store: TestStore, mailbox: number): Promise<void> {
  const { storage } = store;
  const date = { year: 2024, month: 7, day: 1 };
  const keys: readonly (readonly [string, SearchKey])[] = [
    ["ALL", { kind: "all" }],
    ["FLAGGED", { kind: "flag", flag: "\\Flagged" }],
    ["LARGER", { kind: "size", op: "larger", bytes: 3_000 }],
    ["SINCE", { kind: "internalDate", op: "since", date }],
    ["SENTON", { kind: "sentDate", op: "on", date }],
    ["FROM common", { kind: "address", field: "from", text: "jörg" }],
    ["FROM address", { kind: "address", field: "from", text: "person77@host" }],
    ["FROM domain", { kind: "address", field: "from", text: "example.net" }],
    ["TO all", { kind: "address", field: "to", text: ACCOUNT }],
    ["CC none", { kind: "address", field: "cc", text: "nobody" }],
    ["SUBJECT", { kind: "subject", text: "tion" }],
    ["SUBJECT 2 chars", { kind: "subject", text: "wo" }],
    ["SUBJECT two words", { kind: "subject", text: "an be" }],
    ["HEADER message-id", {
      kind: "header",
      name: "message-id",
      text: "m4711.",
    }],
    ["HEADER present", { kind: "header", name: "references", text: "" }],
    ["BODY rare", { kind: "body", text: "needle" }],
    ["BODY phrase", { kind: "body", text: "needle in the hay" }],
    ["BODY common", { kind: "body", text: "common" }],
    ["BODY common phrase", { kind: "body", text: "common ground is here" }],
    ["BODY substring", { kind: "body", text: "aystac" }],
    ["BODY absent", { kind: "body", text: "xyzzyq" }],
    ["BODY frequent", { kind: "body", text: "ing" }],
    ["BODY 2 chars", { kind: "body", text: "ju" }],
    ["BODY 1 char", { kind: "body", text: "j" }],
    ["BODY CJK", { kind: "body", text: "交じり" }],
    ["BODY CJK 2", { kind: "body", text: "検索" }],
    ["TEXT rare", { kind: "text", text: "needle" }],
    ["TEXT common", { kind: "text", text: "common" }],
    ["TEXT domain", { kind: "text", text: "example.net" }],
    ["TEXT frequent", { kind: "text", text: "er" }],
    ["NOT BODY", { kind: "not", key: { kind: "body", text: "common" } }],
  ];
  for (const [title, key] of keys) {
    await measure(
      title,
      async () => (await storage.search(mailbox, key)).length,
    );
  }
  const { order } = storage.powers ?? {};
  if (order === undefined) return;
  const all: SearchKey = { kind: "all" };
  for (
    const by of [
      "arrival",
      "date",
      "size",
      "subject",
      "from",
      "to",
      "displayFrom",
    ] as const
  ) {
    const criteria = [{ by, reverse: false }];
    await measure(
      `SORT ${by}`,
      async () => (await order.sort({ mailbox, key: all, criteria })).length,
    );
  }
  for (const algorithm of ["ORDEREDSUBJECT", "REFERENCES"] as const) {
    await measure(
      `THREAD ${algorithm}`,
      async () =>
        (await order.thread({ mailbox, key: all, algorithm })).uids.length,
    );
  }
}

async function measure(
  title: string,
  run: () => Promise<number>,
): Promise<void> {
  const times: number[] = [];
  let found = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const began = performance.now();
    found = await run();
    times.push(performance.now() - began);
  }
  const [first = 0, ...warm] = times;
  const middle = warm.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0;
  print(
    `${title.padEnd(22)} first ${first.toFixed(1).padStart(7)} ms  warm ${
      middle.toFixed(1).padStart(7)
    } ms  found ${found}`,
  );
}

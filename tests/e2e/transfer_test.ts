/** `epistle import`, `export` and `imap` with the real program. */
import assert from "node:assert/strict";
import { ImapFlow } from "imapflow";
import { ENGINE_FLAGS } from "#scripts/engine_flags.ts";
import { TestServer, withServer } from "#tests/support/server.ts";

const ALICE = "alice@example.test";
const BOB = "bob@example.test";
const OPTIONS = {
  accounts: { [ALICE]: "secret", [BOB]: "secret" },
  waitFor: ["imap", "imaps"],
} as const;
const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** A message as IMAP gives it. */
interface Seen {
  readonly mailbox: string;
  readonly flags: readonly string[];
  readonly date: string;
  readonly source: string;
}

/** All messages of an account, but for empty mailboxes. */
async function allMail(port: number, user: string): Promise<Seen[]> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port,
    secure: true,
    tls: { rejectUnauthorized: false },
    auth: { user, pass: "secret" },
    logger: false,
  });
  await client.connect();
  const all: Seen[] = [];
  for (const { path } of await client.list()) {
    const { exists } = await client.mailboxOpen(path, { readOnly: true });
    if (exists === 0) continue;
    const query = { flags: true, internalDate: true, source: true };
    for await (const message of client.fetch("1:*", query)) {
      all.push({
        mailbox: path,
        flags: [...message.flags ?? []].filter((flag) => flag !== "\\Recent"),
        date: new Date(message.internalDate ?? 0).toISOString(),
        source: new TextDecoder().decode(message.source),
      });
    }
  }
  await client.logout();
  return all;
}

/** Three messages with flags, keywords and dates in two folders. */
async function makeMaildir(folder: string): Promise<void> {
  for (const box of ["", "/.Projects.Bridge"]) {
    for (const part of ["cur", "new", "tmp"]) {
      await Deno.mkdir(`${folder}${box}/${part}`, { recursive: true });
    }
  }
  await Deno.writeTextFile(`${folder}/dovecot-keywords`, "0 $Work\n");
  const files = [
    ["cur/1.a:2,FSa", "From: x@y.test\nSubject: first\n\nFrom the start\n"],
    ["new/2.b", "Subject: second\n\n>From quoted\nno line end"],
    [".Projects.Bridge/cur/3.c:2,R", "Subject: third\n\nbody\n"],
  ] as const;
  for (const [n, [name, text]] of files.entries()) {
    const path = `${folder}/${name}`;
    await Deno.writeTextFile(path, text);
    const date = new Date(Date.UTC(2020, n, 3, 4, 5, 6));
    await Deno.utime(path, date, date);
  }
}

const EXPECTED: readonly Seen[] = [
  {
    mailbox: "INBOX",
    flags: ["\\Seen", "\\Flagged", "$Work"],
    date: "2020-01-03T04:05:06.000Z",
    source: "From: x@y.test\r\nSubject: first\r\n\r\nFrom the start\r\n",
  },
  {
    mailbox: "INBOX",
    flags: [],
    date: "2020-02-03T04:05:06.000Z",
    source: "Subject: second\r\n\r\n>From quoted\r\nno line end",
  },
  {
    mailbox: "Projects/Bridge",
    flags: ["\\Answered"],
    date: "2020-03-03T04:05:06.000Z",
    source: "Subject: third\r\n\r\nbody\r\n",
  },
];

Deno.test("mail goes in and out of Maildir and mbox with flags, dates and folders", () =>
  withServer(OPTIONS, async (server) => {
    const { folder, ports } = server;
    await makeMaildir(`${folder}/old`);
    await server.cli(["import", "maildir", ALICE, `${folder}/old`]);
    assert.deepEqual(await allMail(ports.imaps, ALICE), EXPECTED);

    await server.cli(["export", "maildir", ALICE, `${folder}/maildir`]);
    await server.cli(["import", "maildir", BOB, `${folder}/maildir`]);
    assert.deepEqual(await allMail(ports.imaps, BOB), EXPECTED);

    await server.cli(["export", "mbox", ALICE, `${folder}/mbox`]);
    const text = ["import", "mbox", BOB, `${folder}/mbox`, "--into", "Again"];
    const said = await server.cli(text);
    assert.match(said, /^3 messages in /);
    const again = (await allMail(ports.imaps, BOB))
      .filter(({ mailbox }) => mailbox.startsWith("Again/"));
    // An mbox ends every message with a line end.
    const inMbox = EXPECTED.map((seen) => ({
      ...seen,
      mailbox: seen.mailbox === "INBOX"
        ? "Again/Inbox"
        : `Again/${seen.mailbox}`,
      source: seen.source.replace(/no line end$/, "no line end\r\n"),
    }));
    assert.deepEqual(again, inMbox);

    // Once more: only what is new.
    assert.match(
      await server.cli(["export", "maildir", ALICE, `${folder}/maildir`]),
      /^0 messages of /,
    );
    assert.match(
      await server.cli(["import", "maildir", BOB, `${folder}/maildir`]),
      /^0 messages in .* 3 were here before/,
    );
  }));

Deno.test("folders with names that can not be here do not stop an import", () =>
  withServer(OPTIONS, async (server) => {
    const { folder, ports } = server;
    const deep = Array.from({ length: 70 }, (_, n) => `d${n}`).join(".");
    for (const box of [".100% * sure", `.${deep.slice(0, 250)}`, ".A.B"]) {
      for (const part of ["cur", "new", "tmp"]) {
        await Deno.mkdir(`${folder}/old/${box}/${part}`, { recursive: true });
      }
      await Deno.writeTextFile(`${folder}/old/${box}/cur/1`, "Subject: x\n\n");
    }
    // A parent that is nothing but a name becomes a mailbox.
    for (const part of ["cur", "new", "tmp"]) {
      await Deno.mkdir(`${folder}/old/.A/${part}`, { recursive: true });
    }
    await Deno.writeTextFile(`${folder}/old/.A/cur/2`, "Subject: x\n\n");
    const client = new ImapFlow({
      host: "127.0.0.1",
      port: ports.imaps,
      secure: true,
      tls: { rejectUnauthorized: false },
      auth: { user: ALICE, pass: "secret" },
      logger: false,
    });
    await client.connect();
    await client.mailboxCreate("A/C");
    await client.mailboxDelete("A");
    await client.logout();
    await assert.rejects(
      server.cli(["import", "maildir", ALICE, `${folder}/old`]),
      /Left out: d0\/d1.*: NO \[CANNOT\] The name has too many levels/,
    );
    const names = (await allMail(ports.imaps, ALICE))
      .map(({ mailbox }) => mailbox);
    assert.deepEqual(names.sort(), ["100_ _ sure", "A", "A/B"]);
  }));

Deno.test("importing and exporting need no running server", async () => {
  const server = await TestServer.start(OPTIONS);
  try {
    await server.stop();
    await makeMaildir(`${server.folder}/old`);
    const maildir = `${server.folder}/old`;
    await server.cli(["import", "maildir", ALICE, maildir]);
    const json = await server.cli([
      "import",
      "maildir",
      ALICE,
      maildir,
      "--json",
    ]);
    const outcome = JSON.parse(json) as { skipped: number; messages: number };
    assert.deepEqual([outcome.skipped, outcome.messages], [3, 0]);
    await server.cli(["export", "mbox", ALICE, `${server.folder}/out`]);
    const text = await Deno.readTextFile(`${server.folder}/out/INBOX`);
    assert.match(text, /^From MAILER-DAEMON Fri Jan {2}3 04:05:06 2020\n/);
    assert.match(
      text,
      /\nStatus: RO\nX-Status: F\nX-Keywords: \$Work\n\n>From /,
    );
    await server.restart();
    assert.deepEqual(await allMail(server.ports.imaps, ALICE), EXPECTED);
  } finally {
    await server.remove();
  }
});

Deno.test("mail of another IMAP server comes over with everything", () =>
  withServer(OPTIONS, async (server) => {
    const { folder, ports } = server;
    await makeMaildir(`${folder}/old`);
    await server.cli(["import", "maildir", ALICE, `${folder}/old`]);
    const from = [`127.0.0.1:${ports.imaps}`, ALICE];
    const args = ["import", "imap", BOB, ...from];
    await server.cli([...args, "--insecure", "--password-stdin"], "secret\n");
    assert.deepEqual(await allMail(ports.imaps, BOB), EXPECTED);
    await assert.rejects(
      server.cli([...args, "--insecure", "--password-stdin"], "wrong\n"),
      /does not let us in/,
    );
  }));

/** Starts an import and ends it at once when it has brought something. */
async function brokenImport(
  server: TestServer,
  mbox: string,
  port: number,
): Promise<void> {
  const args = ["import", "mbox", ALICE, mbox, "--config", server.configFile];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ENGINE_FLAGS, "-A", "--quiet", MAIN, ...args],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const before = await countMessages(port);
  for (;;) {
    const ended = await Promise.race([
      child.status.then(() => true),
      countMessages(port).then((count) => count > before),
    ]);
    if (ended) break;
  }
  try {
    child.kill("SIGKILL");
  } catch {
    // It was faster.
  }
  await child.status;
}

async function countMessages(port: number): Promise<number> {
  const mail = new ImapFlow({
    host: "127.0.0.1",
    port,
    secure: true,
    tls: { rejectUnauthorized: false },
    auth: { user: ALICE, pass: "secret" },
    logger: false,
  });
  await mail.connect();
  const status = await mail.status("INBOX", { messages: true });
  await mail.logout();
  return status === false ? 0 : status.messages ?? 0;
}

Deno.test("an import that is killed again and again brings each message once", () =>
  withServer(OPTIONS, async (server) => {
    const count = 2_000;
    const mbox = `${server.folder}/big.mbox`;
    const messages = Array.from(
      { length: count },
      (_, n) =>
        `From m Thu Jan  1 00:00:00 2026\nSubject: ${n}\n\n${
          "word ".repeat(400)
        }\n\n`,
    );
    await Deno.writeTextFile(mbox, messages.join(""));
    for (let n = 0; n < 3; n++) {
      await brokenImport(server, mbox, server.ports.imaps);
    }
    await server.cli(["import", "mbox", ALICE, mbox]);
    const subjects = (await allMail(server.ports.imaps, ALICE))
      .map(({ source }) => Number(/^Subject: ([0-9]+)\r$/m.exec(source)?.[1]));
    assert.deepEqual(subjects, Array.from({ length: count }, (_, n) => n));
  }));

Deno.test("epistle imap speaks IMAP for who owns the server", () =>
  withServer(OPTIONS, async (server) => {
    const args = ["imap", ALICE, "--config", server.configFile];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", ENGINE_FLAGS, "-A", "--quiet", MAIN, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    const commands =
      "a SELECT INBOX\r\nb STATUS Sent (MESSAGES)\r\nc LOGOUT\r\n";
    await writer.write(new TextEncoder().encode(commands));
    const { code, stdout } = await child.output();
    await writer.close().catch(() => {
      // The program has ended before its input.
    });
    const said = new TextDecoder().decode(stdout);
    assert.match(said, /^\* PREAUTH \[CAPABILITY IMAP4rev1/);
    assert.match(said, /\na OK .*\r\n\* STATUS "?Sent"? \(MESSAGES 0\)\r\n/);
    assert.match(said, /\nc OK /);
    assert.equal(code, 0);
    await assert.rejects(
      server.cli(["imap", "nobody@example.test"]),
      /No account/,
    );
    // Input that ends without LOGOUT: what was asked is answered all the same.
    const asked = "a STATUS Sent (MESSAGES)\r\nb NOOP\r\n";
    const answered = await server.cli(["imap", ALICE], asked);
    assert.match(answered, /MESSAGES 0.*\nb OK /s);
    await assert.rejects(server.cli(["run"]), /exit 2\n.*runs already/s);
    await server.stop();
    assert.match(await server.cli(["imap", ALICE], asked), /\nb OK /);
  }));

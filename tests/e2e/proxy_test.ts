/** `proxy`: mailboxes of another server behind ours, with real servers. */
import assert from "node:assert/strict";
import { ImapFlow } from "imapflow";
import { startDovecot } from "#scripts/bench_dovecot.ts";
import { LineClient } from "#tests/support/line_client.ts";
import { TestServer } from "#tests/support/server.ts";

const ALICE = "alice@example.test";
const BOB = "bob@example.test";

/** Where the old server is. */
interface Old {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** Our server in front of the old one: Alice is there, Bob is here. */
function frontOf(old: Old): Promise<TestServer> {
  return TestServer.start({
    accounts: { [ALICE]: "new secret", [BOB]: "secret" },
    waitFor: ["imap"],
    config: (ports, folder) => `
hostname mail.example.test
domains example.test
state_dir ${folder}/state
dns 127.0.0.1:9
static old-accounts {
  entry ${ALICE} ${old.user} "${old.password}"
}
proxy old {
  host 127.0.0.1
  port ${old.port}
  insecure true
  accounts old-accounts
  others sqlmail
}
imap 127.0.0.1:${ports.imap} {
  insecure_auth yes
  storage old
}
`,
  });
}

async function connect(
  port: number,
  user: string,
  pass: string,
): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port,
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass },
    logger: false,
  });
  await client.connect();
  return client;
}

const MAIL = "From: carol@example.test\r\nTo: alice@example.test\r\n" +
  "Subject: one\r\nMIME-Version: 1.0\r\n" +
  "Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
  "--b\r\nContent-Type: text/plain\r\n\r\nfirst part\r\n" +
  "--b\r\nContent-Type: text/html\r\n\r\n<p>second\r\n--b--\r\n";

/** What a client does, on the account that is on the old server. */
async function useRemote(client: ImapFlow): Promise<void> {
  await client.mailboxCreate("Work/Plans");
  const names = (await client.list()).map(({ path }) => path);
  assert.ok(
    names.includes("INBOX") && names.includes("Work/Plans"),
    `${names}`,
  );
  const dates = [new Date("2020-01-02T03:04:05Z"), new Date("2021-01-01")];
  await client.append("INBOX", MAIL, ["\\Flagged"], dates[0]);
  const second = MAIL.replace("one", "two").replace("first", "other");
  const added = await client.append("INBOX", second, [], dates[1]);
  assert.ok(added !== false && (added.uid ?? 0) > 0);
  await client.mailboxOpen("INBOX");
  const all = await client.fetchAll("1:*", {
    uid: true,
    flags: true,
    internalDate: true,
    envelope: true,
    bodyStructure: true,
    size: true,
    bodyParts: ["1", "2"],
  });
  assert.deepEqual(all.map(({ envelope }) => envelope?.subject), [
    "one",
    "two",
  ]);
  const [one, two] = all;
  assert.ok(one !== undefined && two !== undefined);
  assert.deepEqual([...one.flags ?? []].filter((f) => f !== "\\Recent"), [
    "\\Flagged",
  ]);
  assert.equal(one.size, MAIL.length);
  assert.equal(new Date(one.internalDate ?? 0).getTime(), dates[0]?.getTime());
  assert.equal(one.bodyStructure?.childNodes?.[1]?.type, "text/html");
  assert.equal(`${two.bodyParts?.get("1")}`, "other part");
  const whole = await client.fetchOne("1", { source: true });
  assert.ok(whole !== false && `${whole.source}` === MAIL);

  await client.messageFlagsAdd({ uid: `${two.uid}` }, ["\\Seen", "$Later"]);
  assert.deepEqual(await client.search({ seen: true }), [2]);
  assert.deepEqual(await client.search({ body: "other" }), [2]);
  assert.deepEqual(await client.search({ not: { subject: "two" } }), [1]);
  assert.deepEqual(await client.search({ sentSince: "2019-01-01" }), []);
  assert.deepEqual(await client.search({ since: "2020-06-01" }), [2]);

  const moved = await client.messageMove("1", "Work/Plans");
  assert.ok(moved !== false && moved.uidMap?.size === 1);
  assert.equal(
    (await client.status("INBOX", { messages: true }) || {}).messages,
    1,
  );
  await client.mailboxOpen("Work/Plans");
  await client.messageDelete("1");
  const left = await client.status("Work/Plans", { messages: true });
  assert.equal((left || {}).messages, 0);
  await client.mailboxDelete("Work/Plans");
}

async function throughFront(old: Old): Promise<void> {
  const front = await frontOf(old);
  try {
    const alice = await connect(front.ports.imap, ALICE, "new secret");
    await useRemote(alice);
    await alice.logout();
    const bob = await connect(front.ports.imap, BOB, "secret");
    assert.ok((await bob.list()).some(({ path }) => path === "Sent"));
    await bob.append("INBOX", MAIL);
    const status = await bob.status("INBOX", { messages: true });
    assert.equal((status || {}).messages, 1);
    await bob.logout();
    assert.doesNotMatch(front.output, /level=error/);
  } catch (error) {
    const answer: unknown = Reflect.get(Object(error), "response");
    // deno-lint-ignore no-console -- the output tells why the test failed
    console.error(answer, front.output.slice(-4000));
    throw error;
  } finally {
    await front.remove();
  }
}

Deno.test("mailboxes of another Epistle are read and changed through ours", async () => {
  const old = await TestServer.start({
    accounts: { [ALICE]: "old secret" },
    waitFor: ["imaps"],
  });
  try {
    const { imaps: port } = old.ports;
    await throughFront({ port, user: ALICE, password: "old secret" });
    // The changes are there, not here.
    const direct = await connect(old.ports.imap, ALICE, "old secret");
    const status = await direct.status("INBOX", { messages: true });
    assert.equal((status || {}).messages, 1);
    await direct.logout();
  } finally {
    await old.remove();
  }
});

Deno.test("what is offered works on mailboxes that no client has open", async () => {
  const old = await TestServer.start({
    accounts: { [ALICE]: "old secret" },
    waitFor: ["imap", "imaps"],
  });
  const { imaps: port } = old.ports;
  const front = await frontOf({ port, user: ALICE, password: "old secret" });
  const here = await LineClient.connect(front.ports.imap);
  const there = await LineClient.connect(old.ports.imap);
  try {
    const text = "Subject: plan\r\n\r\nx\r\n";
    const append = (name: string): string =>
      `APPEND ${name} {${text.length}+}\r\n${text}`;
    await there.imap("a", `LOGIN ${ALICE} "old secret"`);
    await there.imap("b", append("Sent"));
    const ok = async (command: string): Promise<string> =>
      (await here.imap("x", command)).join("\n");
    await ok(`LOGIN ${ALICE} "new secret"`);
    const size = `SIZE ${text.length} `;
    assert.ok((await ok("STATUS Sent (SIZE MESSAGES)")).includes(size));
    assert.match(
      await ok("ESEARCH IN (mailboxes Sent) SUBJECT plan"),
      /UID ALL 1\n/,
    );
    await ok('APPEND INBOX CATENATE (URL "/Sent/;UID=1")');
    await ok("SELECT INBOX");
    const id = /EMAILID \(([^)]+)\)/.exec(await ok("FETCH 1 EMAILID"))?.[1];
    for (
      const key of [`EMAILID ${id}`, "SAVEDSINCE 1-Jan-2020", "FUZZY TEXT plan"]
    ) {
      assert.match(await ok(`SEARCH ${key}`), /^\* SEARCH 1$/m, key);
    }
    assert.match(await ok("SEARCH THREADID T1"), /^\* SEARCH$/m);
    // What changes behind our back in a mailbox that was open once.
    await ok("SELECT Sent");
    await ok("SELECT INBOX");
    await there.imap("c", append("Sent"));
    assert.match(await ok("STATUS Sent (MESSAGES)"), /MESSAGES 2/);
    assert.match(
      await ok("ESEARCH IN (mailboxes Sent) SUBJECT plan"),
      /UID ALL 1:2\n/,
    );
    await assert.rejects(
      ok("CREATE P (USE (\\Flagged))"),
      /x NO \[USEATTR\]/,
    );
    await ok("CREATE &APw-");
    await ok("CREATE &APY-");
    const list = await ok('LIST "" * RETURN (STATUS (MAILBOXID))');
    const ids = [...list.matchAll(/MAILBOXID \(([^)]+)\)/g)]
      .map(([, one]) => one);
    assert.equal(new Set(ids).size, ids.length);
  } finally {
    here.close();
    there.close();
    await front.remove();
    await old.remove();
  }
});

Deno.test("mailboxes of Dovecot are read and changed through ours", async () => {
  const dovecot = await startDovecot();
  if (dovecot === undefined) {
    // deno-lint-ignore no-console -- the notice that a test was left out
    console.log("notice: Dovecot is not here, this test is left out");
    return;
  }
  try {
    const { tlsPort: port } = dovecot;
    await throughFront({ port, user: "u@example.test", password: "bench" });
  } finally {
    await dovecot.stop();
  }
});

Deno.test("an old server that is away makes no account empty", async () => {
  const front = await frontOf({ port: 9, user: "x", password: "y" });
  try {
    const alice = await connect(front.ports.imap, ALICE, "new secret");
    await assert.rejects(alice.list());
    await assert.rejects(alice.mailboxOpen("INBOX"));
    alice.close();
    const bob = await connect(front.ports.imap, BOB, "secret");
    await bob.mailboxOpen("INBOX");
    await bob.logout();
    assert.doesNotMatch(front.output, /level=error/);
  } finally {
    await front.remove();
  }
});

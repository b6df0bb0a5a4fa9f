/** Shared mailboxes of the real program: what nobody may see, and what ends. */
import assert from "node:assert/strict";
import { LineClient } from "#tests/support/line_client.ts";
import { withServer } from "#tests/support/server.ts";

const ANN = "ann@example.test";
const BOB = "bob@example.test";
const ACCOUNTS = { [ANN]: "bench", [BOB]: "bench" };

async function login(port: number, user: string): Promise<LineClient> {
  const client = await LineClient.connect(port);
  await client.line();
  await client.imap("a", `LOGIN ${user} bench`);
  return client;
}

/** Commands about a mailbox `BOX`, with its full answer where it is not there. */
const COMMANDS: readonly string[] = [
  "SELECT BOX",
  "EXAMINE BOX",
  "EXAMINE BOX (CONDSTORE)",
  "STATUS BOX (MESSAGES UIDNEXT SIZE)",
  "DELETE BOX",
  "RENAME BOX mine",
  "RENAME mine0 BOX",
  "CREATE BOX",
  "CREATE BOX/below",
  'LIST "" BOX',
  'LIST (SUBSCRIBED RECURSIVEMATCH) "" "Other Users/%"',
  'LSUB "" BOX',
  'LIST "" (BOX) RETURN (STATUS (MESSAGES) MYRIGHTS METADATA (/shared/comment))',
  "GETACL BOX",
  "MYRIGHTS BOX",
  "LISTRIGHTS BOX ann",
  "SETACL BOX ann lrswipkxtea",
  "DELETEACL BOX bob",
  "GETMETADATA BOX (/shared/comment /private/comment)",
  'SETMETADATA BOX (/private/comment "x")',
  'SETMETADATA BOX (/shared/comment "x")',
  "GETQUOTAROOT BOX",
  "SUBSCRIBE BOX",
  "UNSUBSCRIBE BOX",
  "ESEARCH IN (mailboxes BOX) ALL",
  'ESEARCH IN (subtree "Other Users") ALL',
  "COPY 1 BOX",
  "MOVE 1 BOX",
  "UID COPY 1 BOX",
  "APPEND BOX {4+}\r\nabcd",
  "UID REPLACE 1 BOX {4+}\r\nabcd",
  "NOTIFY SET STATUS (mailboxes BOX (MessageNew MessageExpunge))",
];

Deno.test("a mailbox without rights is as if it were not there, whatever is asked", () =>
  withServer({ accounts: ACCOUNTS }, async ({ ports }) => {
    using bob = await login(ports.imap, BOB);
    await bob.imap("b", "CREATE Hidden/Box");
    await bob.send("c APPEND Hidden/Box {17+}", "Subject: x\r\n\r\nabc");
    await bob.until("c OK");
    await bob.imap("d", 'SETMETADATA Hidden/Box (/shared/comment "secret")');
    // Rights of others, taken away again, and negative ones.
    await bob.imap("e", "SETACL Hidden/Box anyone lrswipkxtea");
    await bob.imap("e", `SETACL Hidden/Box -${ANN} lrswipkxtea`);
    using ann = await login(ports.imap, ANN);
    await ann.send("b APPEND INBOX {17+}", "Subject: x\r\n\r\nabc");
    await ann.until("b OK");
    await ann.imap("c", "CREATE mine0");
    const run = async (command: string, name: string): Promise<string> => {
      await ann.imap("s", "SELECT INBOX");
      const text = command.replaceAll("BOX/below", `"${name}/below"`)
        .replaceAll("BOX", `"${name}"`);
      await ann.send(`t ${text}`);
      const answer = await ann.until("t ");
      return answer.join("\n").replaceAll(name, "BOX");
    };
    for (const command of COMMANDS) {
      const hidden = await run(command, `Other Users/${BOB}/Hidden/Box`);
      for (
        const absent of [
          `Other Users/${BOB}/Hidden/Not`,
          "Other Users/nobody@example.test/Hidden/Box",
        ]
      ) assert.equal(hidden, await run(command, absent), command);
      assert.doesNotMatch(hidden, /secret|Hidden/, command);
    }
    // Not by URL either.
    const url = `/Other%20Users/${BOB}/Hidden/Box/;UID=1`;
    await ann.send(`u APPEND INBOX CATENATE (URL ${url})`);
    assert.match((await ann.until("u NO")).join("\n"), /BADURL/);
    // And bob's mailbox has what it had.
    const status = await bob.imap("f", "STATUS Hidden/Box (MESSAGES)");
    assert.match(status.join("\n"), /MESSAGES 1\)/);
  }));

Deno.test("who may read a mailbox no more hears nothing more of it", () =>
  withServer({ accounts: ACCOUNTS }, async ({ ports }) => {
    using bob = await login(ports.imap, BOB);
    await bob.imap("b", "CREATE Shared");
    await bob.imap("c", `SETACL Shared ${ANN} lr`);
    const shared = `"Other Users/${BOB}/Shared"`;
    using ann = await login(ports.imap, ANN);
    await ann.imap("b", `SELECT ${shared}`);
    await ann.send("c IDLE");
    await ann.until("+ ");
    const put = async (): Promise<void> => {
      await bob.send("d APPEND Shared {17+}", "Subject: x\r\n\r\nabc");
      await bob.until("d OK");
    };
    await put();
    assert.equal(await ann.line(), "* 1 EXISTS");
    assert.equal(await ann.line(), "* 1 RECENT");
    await bob.imap("e", `DELETEACL Shared ${ANN}`);
    await put();
    assert.match(await ann.line(), /^\* BYE /);

    using watcher = await login(ports.imap, ANN);
    await bob.imap("f", `SETACL Shared ${ANN} lr`);
    await watcher.imap(
      "b",
      `NOTIFY SET (mailboxes ${shared} (MessageNew MessageExpunge MailboxName))`,
    );
    await put();
    assert.match(await watcher.line(), /STATUS .*MESSAGES 3/);
    await bob.imap("g", `DELETEACL Shared ${ANN}`);
    await put();
    const answer = await watcher.imap("c", "NOOP");
    assert.doesNotMatch(answer.join("\n"), /STATUS/);
    const list = await watcher.imap("d", 'LIST "" *');
    assert.doesNotMatch(list.join("\n"), /Other Users/);
  }));

Deno.test("rights, annotations and limits reach every worker", () =>
  withServer({ accounts: ACCOUNTS }, async ({ ports }) => {
    using bob = await login(ports.imap, BOB);
    await bob.imap("b", "CREATE Shared");
    await bob.imap("c", `SETACL Shared ${ANN} lrsi`);
    await bob.imap("d", 'SETMETADATA Shared (/shared/comment "hello")');
    using ann = await login(ports.imap, ANN);
    const name = `"Other Users/${BOB}/Shared"`;
    const ask = async (command: string): Promise<string> =>
      (await ann.imap("b", command)).join("\n");
    assert.match(await ask(`MYRIGHTS ${name}`), /Shared" lrsi\n/);
    assert.match(
      await ask(`GETMETADATA ${name} /shared/comment`),
      /\/shared\/comment "hello"/,
    );
    assert.match(await ask(`SELECT ${name}`), /READ-WRITE/);
    await ann.send(`c APPEND ${name} (\\Seen \\Flagged) {4+}`, "x\r\n");
    await ann.until("c OK");
    assert.match(await ask("FETCH 1 FLAGS"), /FLAGS \(\\Seen \\Recent\)/);
    assert.match(await ask("GETQUOTAROOT INBOX"), /^\* QUOTAROOT "INBOX"\n/);
    assert.match(await ask("CAPABILITY"), / ACL .* QUOTA /);
  }));

/** NOTIFY and QRESYNC over the real store, with workers between. */
import assert from "node:assert/strict";
import { LineClient } from "#tests/support/line_client.ts";
import { withServer } from "#tests/support/server.ts";

const USER = "u@example.test";

async function login(port: number): Promise<LineClient> {
  const client = await LineClient.connect(port);
  await client.line();
  await client.imap("a", `LOGIN ${USER} bench`);
  return client;
}

Deno.test("what one session does another is told, and can catch up with", () =>
  withServer({ accounts: { [USER]: "bench" } }, async ({ ports }) => {
    const watcher = await login(ports.imap);
    const other = await login(ports.imap);
    await watcher.imap("b", "ENABLE IMAP4rev2 QRESYNC");
    await watcher.imap("c", "SELECT INBOX");
    await watcher.imap(
      "d",
      "NOTIFY SET (selected (MessageNew (FLAGS) MessageExpunge FlagChange)) " +
        "(personal (MessageNew MessageExpunge MailboxName SubscriptionChange))",
    );
    await other.send("b APPEND INBOX {4+}", "x\r\n");
    await other.until("b OK");
    assert.equal(await watcher.line(), "* 1 EXISTS");
    assert.match(
      await watcher.line(),
      /^\* 1 FETCH \(UID 1 FLAGS \(\) MODSEQ \(\d+\)\)$/,
    );
    assert.match(await watcher.line(), /^\* OK \[HIGHESTMODSEQ 2\] /);
    await other.imap("c", "CREATE a/b");
    assert.match(await watcher.line(), /^\* LIST \(\\HasChildren\) "\/" "a"$/);
    assert.match(await watcher.line(), /^\* LIST \(\S+\) "\/" "a\/b"$/);
    await other.imap("d", "RENAME a z");
    assert.match(await watcher.line(), / "z" \("OLDNAME" \("a"\)\)$/);
    await other.imap("e", "SUBSCRIBE z/b");
    assert.match(await watcher.line(), /\\Subscribed\) "\/" "z\/b"$/);
    await other.send("f APPEND Trash {4+}", "x\r\n");
    await other.until("f OK");
    assert.match(
      await watcher.line(),
      /^\* STATUS "Trash" \(UIDNEXT 2 MESSAGES 1 HIGHESTMODSEQ \d+ UIDVALI/,
    );
    await other.imap("g", "SELECT INBOX");
    await other.imap("h", "STORE 1 +FLAGS.SILENT (\\Deleted)");
    assert.match(await watcher.line(), /^\* 1 FETCH \(UID 1 FLAGS \(\\Deleted/);
    await other.imap("i", "EXPUNGE");
    assert.equal(await watcher.line(), "* VANISHED 1");
    assert.match(await watcher.line(), /^\* OK \[HIGHESTMODSEQ \d+\] /);

    const late = await login(ports.imap);
    await late.imap("b", "ENABLE QRESYNC");
    const status = await late.imap("c", "STATUS INBOX (UIDVALIDITY)");
    const [, validity] = /UIDVALIDITY (\d+)/.exec(status.join("\n")) ?? [];
    const answer = await late.imap(
      "d",
      `SELECT INBOX (QRESYNC (${validity} 1))`,
    );
    assert.ok(answer.includes("* VANISHED (EARLIER) 1"), answer.join("\n"));
    for (const client of [watcher, other, late]) client.close();
  }));

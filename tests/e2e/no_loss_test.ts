/**
 * Nothing acknowledged is lost: SIGKILL while 50 connections send; after a
 * restart every message that was answered 250 is there exactly once.
 */
import assert from "node:assert/strict";
import { LineClient } from "#tests/support/line_client.ts";
import { TestServer } from "#tests/support/server.ts";

const ACCOUNT = "alice@example.test";
const PASSWORD = "secret";
const CONNECTIONS = 50;
/** The server is killed after so many acknowledgements. */
const KILL_AFTER = 600;

/** Sends until the connection breaks; notes what was acknowledged. */
async function sendUntilCut(
  port: number,
  worker: number,
  acknowledged: string[],
  enough: () => void,
): Promise<void> {
  try {
    const client = await LineClient.connect(port);
    try {
      await client.reply(220);
      await client.smtp("EHLO client.test", 250);
      for (let count = 0;; count++) {
        const name = `w${worker}n${count}`;
        await client.smtp("MAIL FROM:<sender@elsewhere.test>", 250);
        await client.smtp(`RCPT TO:<${ACCOUNT}>`, 250);
        await client.smtp("DATA", 354);
        await client.send(
          `Subject: ${name}`,
          `Message-ID: <${name}@client.test>`,
          "",
          "x".repeat(count % 7 === 0 ? 90_000 : 500),
          ".",
        );
        await client.reply(250);
        acknowledged.push(name);
        if (acknowledged.length >= KILL_AFTER) enough();
      }
    } finally {
      client.close();
    }
  } catch {
    // The server was killed: that is the point.
  }
}

/** The subjects in INBOX, through IMAP. */
async function subjects(port: number): Promise<string[]> {
  const client = await LineClient.connect(port);
  await client.line();
  await client.imap("a", `LOGIN ${ACCOUNT} ${PASSWORD}`);
  await client.imap("b", "EXAMINE INBOX");
  const lines = await client.imap(
    "c",
    "UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)] RFC822.SIZE)",
  );
  client.close();
  return lines.filter((line) => line.startsWith("Subject: "))
    .map((line) => line.slice("Subject: ".length));
}

Deno.test("a killed server has every acknowledged message exactly once", async () => {
  const server = await TestServer.start({ accounts: { [ACCOUNT]: PASSWORD } });
  try {
    const acknowledged: string[] = [];
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    const senders = Array.from(
      { length: CONNECTIONS },
      (_, i) => sendUntilCut(server.ports.smtp, i, acknowledged, resolve),
    );
    await Promise.race([enough, Promise.all(senders)]);
    await server.kill();
    await Promise.all(senders);
    assert.ok(acknowledged.length >= KILL_AFTER, server.output);
    await server.restart();
    const found = await subjects(server.ports.imap);
    assert.equal(new Set(found).size, found.length, "a message is there twice");
    const present = new Set(found);
    const lost = acknowledged.filter((name) => !present.has(name));
    assert.deepEqual(lost, []);
    // At most one message a connection was stored without its answer.
    assert.ok(found.length <= acknowledged.length + CONNECTIONS);
  } finally {
    await server.remove();
  }
});

/**
 * Mail for two accounts arrives while their mailboxes are read without a
 * pause: nothing is ever "locked", nothing is refused, nothing is missing.
 */
import assert from "node:assert/strict";
import { LineClient } from "#tests/support/line_client.ts";
import { type TestServer, withServer } from "#tests/support/server.ts";

const PASSWORD = "secret";
const ACCOUNTS = ["anna@example.test", "ben@example.test"];
const SENDERS = 4;
const MESSAGES_EACH = 25;
const BODY = "0123456789abcdef".repeat(128);

async function opened(server: TestServer, user: string): Promise<LineClient> {
  const client = await LineClient.connect(server.ports.imap);
  await client.until("* OK");
  await client.imap("a", `LOGIN ${user} ${PASSWORD}`);
  await client.imap("b", "SELECT INBOX");
  return client;
}

/** Reads, searches and stores until told to stop. */
async function readOn(
  server: TestServer,
  user: string,
  isOver: () => boolean,
): Promise<void> {
  using client = await opened(server, user);
  while (!isOver()) {
    await client.imap("c", "NOOP");
    await client.imap("d", "UID FETCH 1:* (FLAGS ENVELOPE BODY.PEEK[])");
    await client.imap("e", "SEARCH TEXT abcdef");
    await client.imap("f", "UID STORE 1:* +FLAGS.SILENT (\\Seen)");
  }
}

async function sendAll(server: TestServer): Promise<void> {
  using client = await LineClient.connect(server.ports.smtp);
  await client.reply(220);
  await client.smtp("EHLO client.test", 250);
  for (let i = 0; i < MESSAGES_EACH; i++) {
    await client.smtp("MAIL FROM:<someone@elsewhere.test>", 250);
    for (const to of ACCOUNTS) await client.smtp(`RCPT TO:<${to}>`, 250);
    await client.smtp("DATA", 354);
    await client.send(`Subject: ${i}`, "", BODY, ".");
    await client.reply(250);
  }
}

Deno.test("mail for two accounts never meets a database that is locked", () =>
  withServer({
    accounts: Object.fromEntries(ACCOUNTS.map((name) => [name, PASSWORD])),
    waitFor: ["smtp", "imap"],
  }, async (server) => {
    let isOver = false;
    const readers = ACCOUNTS.map((user) => readOn(server, user, () => isOver));
    try {
      await Promise.all(Array.from({ length: SENDERS }, () => sendAll(server)));
    } finally {
      isOver = true;
      await Promise.all(readers);
    }
    for (const user of ACCOUNTS) {
      using client = await opened(server, user);
      const [status = ""] = await client.imap(
        "g",
        "STATUS INBOX (MESSAGES UIDNEXT)",
      );
      const total = SENDERS * MESSAGES_EACH;
      assert.match(
        status,
        new RegExp(`MESSAGES ${total} UIDNEXT ${total + 1}`),
      );
    }
    assert.doesNotMatch(server.output, /locked|level=error/);
  }));

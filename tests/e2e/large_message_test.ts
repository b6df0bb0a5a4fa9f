/** A message of 45 MiB goes in and comes out the same, in bounded memory. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { LineClient } from "#tests/support/line_client.ts";
import { type TestServer, withServer } from "#tests/support/server.ts";

const ACCOUNT = "alice@example.test";
const PASSWORD = "secret";
const MIB = 1024 * 1024;
const SIZE = 45 * MIB;
const MAX_GROWTH = 64 * MIB;
const HEADER = "Subject: large\r\nMessage-ID: <large@client.test>\r\n\r\n";

/** Chunks of lines that are all different, `SIZE` bytes with the header. */
function* chunks(): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(HEADER);
  let made = HEADER.length;
  for (let line = 0; made < SIZE;) {
    let text = "";
    while (text.length < 64 * 1024 && made + text.length < SIZE) {
      text += `${line++} `.padEnd(74, "abcdefghij").slice(0, 74) + "\r\n";
    }
    const rest = SIZE - made;
    if (text.length > rest) text = `${text.slice(0, rest - 2)}\r\n`;
    made += text.length;
    yield encoder.encode(text);
  }
}

/** Notes the highest resident size until told to stop. */
function watchMemory(server: TestServer): { stop(): Promise<number> } {
  let highest = 0;
  let running = true;
  const done = (async () => {
    while (running) {
      highest = Math.max(highest, await server.rss());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    async stop(): Promise<number> {
      running = false;
      await done;
      return highest;
    },
  };
}

async function send(port: number): Promise<string> {
  const hash = createHash("sha256");
  const client = await LineClient.connect(port);
  await client.reply(220);
  await client.smtp("EHLO client.test", 250);
  await client.smtp(`MAIL FROM:<sender@elsewhere.test> SIZE=${SIZE}`, 250);
  await client.smtp(`RCPT TO:<${ACCOUNT}>`, 250);
  await client.smtp("DATA", 354);
  for (const chunk of chunks()) {
    hash.update(chunk);
    await client.write(chunk);
  }
  await client.smtp(".", 250);
  client.close();
  return hash.digest("hex");
}

/** The hash of the message without the fields that were added on top. */
async function read(port: number): Promise<string> {
  const client = await LineClient.connect(port);
  await client.line();
  await client.imap("a", `LOGIN ${ACCOUNT} ${PASSWORD}`);
  await client.imap("b", "EXAMINE INBOX");
  await client.send("c UID FETCH 1:* (BODY.PEEK[])");
  const line = (await client.until("* 1 FETCH")).at(-1) ?? "";
  const size = Number.parseInt(/\{([0-9]+)\}$/.exec(line)?.[1] ?? "", 10);
  let skip = size - SIZE;
  assert.ok(skip > 0, `no trace fields: ${size}`);
  const hash = createHash("sha256");
  let left = size;
  while (left > 0) {
    const chunk = await client.bytes(Math.min(left, 256 * 1024));
    left -= chunk.length;
    hash.update(chunk.subarray(Math.min(skip, chunk.length)));
    skip = Math.max(0, skip - chunk.length);
  }
  await client.until("c OK");
  client.close();
  return hash.digest("hex");
}

Deno.test("45 MiB go in and come out, with under 64 MiB more memory", () =>
  withServer({ accounts: { [ACCOUNT]: PASSWORD } }, async (server) => {
    const before = await server.rss();
    const memory = watchMemory(server);
    const sent = await send(server.ports.smtp);
    const received = await read(server.ports.imap);
    const growth = await memory.stop() - before;
    assert.equal(received, sent);
    assert.ok(growth < MAX_GROWTH, `grew by ${Math.round(growth / MIB)} MiB`);
  }));

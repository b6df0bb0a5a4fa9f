/** Passwords and the text of mail never reach the log, whatever its level. */
import assert from "node:assert/strict";
import { LineClient } from "#tests/support/line_client.ts";
import {
  type TestServer,
  wholeServer,
  withServer,
} from "#tests/support/server.ts";

const ACCOUNT = "anna@example.test";
const PASSWORD = "hunter2-right";
const WRONG = "hunter2-wrong";
const TEXT = "the-text-of-the-mail";

function plain(password: string): string {
  return btoa(`\0${ACCOUNT}\0${password}`);
}

/** AUTH in each form, right and wrong, and one message. */
async function speakSmtp({ ports }: TestServer): Promise<void> {
  using client = await LineClient.connect(ports.submission);
  await client.reply(220);
  await client.smtp("EHLO client.test", 250);
  await client.smtp(`AUTH PLAIN ${plain(WRONG)}`, 535);
  await client.smtp("AUTH LOGIN", 334);
  await client.smtp(btoa(ACCOUNT), 334);
  await client.smtp(btoa(WRONG), 535);
  await client.smtp(`AUTH ${PASSWORD}`, 504);
  await client.smtp(`AUTH PLAIN ${plain(PASSWORD)}`, 235);
  await client.smtp(`MAIL FROM:<${ACCOUNT}>`, 250);
  await client.smtp(`RCPT TO:<${ACCOUNT}>`, 250);
  await client.smtp("DATA", 354);
  await client.send(`From: ${ACCOUNT}`, `Subject: ${TEXT}`, "", TEXT, ".");
  await client.reply(250);
}

/** LOGIN as words and literals, AUTHENTICATE, right and wrong, and APPEND. */
async function speakImap({ ports }: TestServer): Promise<void> {
  for (
    const lines of [
      [`a LOGIN ${ACCOUNT} ${WRONG}`],
      [`a LOGIN ${ACCOUNT} {${WRONG.length}+}`, WRONG],
      [`a AUTHENTICATE PLAIN ${plain(WRONG)}`],
      [`a LOGIN ${ACCOUNT} ${PASSWORD} ${PASSWORD}`],
      [`a LOGIN ${ACCOUNT} {${PASSWORD.length}+}`, PASSWORD],
      [`a AUTHENTICATE PLAIN ${plain(PASSWORD)}`],
    ]
  ) {
    using client = await LineClient.connect(ports.imap);
    await client.until("* OK");
    await client.send(...lines);
    const answer = (await client.until("a ")).at(-1) ?? "";
    if (!answer.startsWith("a OK")) continue;
    const message = `Subject: ${TEXT}\r\n\r\n${TEXT}\r\n`;
    await client.send(`b APPEND INBOX {${message.length}+}`, message);
    await client.until("b OK");
    await client.send(`c SEARCH TEXT ${TEXT}`, `d ${TEXT} (`);
    await client.until("d BAD");
  }
}

Deno.test("passwords and text never reach the log", () =>
  withServer({
    config: (ports, folder) =>
      `${wholeServer(ports, folder)}log {\n  level debug\n}\n`,
    accounts: { [ACCOUNT]: PASSWORD },
    waitFor: ["submission", "imap"],
  }, async (server) => {
    await speakSmtp(server);
    await speakImap(server);
    await server.stop();
    const { output } = server;
    assert.match(output, /event="logged in"/);
    assert.match(output, /event="login refused"/);
    for (
      const secret of [
        PASSWORD,
        WRONG,
        plain(PASSWORD),
        plain(WRONG),
        btoa(WRONG),
        TEXT,
      ]
    ) {
      const line = output.split("\n").find((each) => each.includes(secret));
      assert.equal(line, undefined, secret);
    }
  }));

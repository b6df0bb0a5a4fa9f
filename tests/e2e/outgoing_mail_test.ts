/**
 * Mail that leaves: the real program between a mail program, a name server and
 * the next host. Signed, queued, sent, reported back, looked after by hand.
 */
import assert from "node:assert/strict";
import nodemailer from "nodemailer";
import { DnsServer, type Zone } from "#tests/support/dns_server.ts";
import { LineClient } from "#tests/support/line_client.ts";
import {
  type Ports,
  type TestServer,
  withServer,
} from "#tests/support/server.ts";
import { SmtpSink } from "#tests/support/smtp_sink.ts";
import { until } from "#tests/support/until.ts";

const ALICE = "alice@here.test";
const BOB = "bob@here.test";
const PASSWORD = "secret of all";

const ZONE: Zone = {
  "far.test": { MX: [[20, "gone.far.test"], [10, "mx.far.test"]] },
  "mx.far.test": { A: ["127.0.0.1"] },
  "no-mail.test": { MX: [[0, ""]] },
  "sick.test": { fail: "SERVFAIL" },
  "ill.test": { fail: "SERVFAIL" },
};

/** Built-in steps everywhere; only ports and the name server are named. */
function builtIn(
  ports: Ports,
  folder: string,
  dns: string,
  next: number,
): string {
  return `
hostname mx.here.test
domains here.test
state_dir ${folder}/state
dns ${dns}
remote remote { port ${next} }
smtp 127.0.0.1:${ports.smtp} { }
submission 127.0.0.1:${ports.submission} { insecure_auth yes }
imap 127.0.0.1:${ports.imap} { insecure_auth yes }
`;
}

interface World {
  readonly server: TestServer;
  readonly dns: DnsServer;
  /** The next host. */
  readonly sink: SmtpSink;
}

async function withWorld(use: (world: World) => Promise<void>): Promise<void> {
  const sink = await SmtpSink.start();
  const dns = await DnsServer.start({ ...ZONE });
  try {
    await withServer({
      config: (ports, folder) => builtIn(ports, folder, dns.address, sink.port),
      accounts: { [ALICE]: PASSWORD, [BOB]: PASSWORD },
      waitFor: ["smtp", "submission", "imap"],
    }, (server) => use({ server, dns, sink }));
  } finally {
    await dns.stop();
    await sink.stop();
  }
}

async function send(server: TestServer, to: readonly string[]): Promise<void> {
  const transport = nodemailer.createTransport({
    host: "127.0.0.1",
    port: server.ports.submission,
    requireTLS: true,
    tls: { rejectUnauthorized: false },
    auth: { user: ALICE, pass: PASSWORD },
  });
  await transport.sendMail({
    from: ALICE,
    to: [...to],
    subject: "outgoing",
    text: "On its way\n.\n",
  });
  transport.close();
}

/** The text of the newest message of the INBOX; empty where there is none. */
async function newest(server: TestServer, user: string): Promise<string> {
  using client = await LineClient.connect(server.ports.imap);
  await client.until("* OK");
  await client.imap("a", `LOGIN ${user} "${PASSWORD}"`);
  const selected = await client.imap("b", "SELECT INBOX");
  if (selected.includes("* 0 EXISTS")) return "";
  return (await client.imap("c", "FETCH * BODY.PEEK[]")).join("\r\n");
}

interface Queued {
  readonly id: string;
  readonly recipients: readonly { readonly address: string }[];
}

async function queued(server: TestServer): Promise<readonly Queued[]> {
  return JSON.parse(await server.cli(["queue", "list", "--json"]));
}

/** Publishes the records of `epistle dkim`. */
async function publishKeys({ server, dns }: World): Promise<void> {
  const records = JSON.parse(await server.cli(["dkim", "--json"])) as {
    readonly name: string;
    readonly value: string;
  }[];
  assert.deepEqual(records.map(({ name }) => name), [
    "epistle._domainkey.here.test",
    "epistle-ed25519._domainkey.here.test",
  ]);
  dns.zone = {
    ...dns.zone,
    ...Object.fromEntries(
      records.map(({ name, value }) => [
        name,
        { TXT: [value.match(/.{1,255}/g) ?? []] },
      ]),
    ),
  };
}

Deno.test("submitted mail is signed, goes to the next host, verifies there", () =>
  withWorld(async (world) => {
    const { server, sink } = world;
    await publishKeys(world);
    await send(server, ["friend@far.test", BOB]);
    await until("it left", () => sink.messages.length === 1);
    const [sent] = sink.messages;
    assert.deepEqual([sent?.from, sent?.to], [ALICE, ["friend@far.test"]]);
    assert.ok(sent?.secure, "STARTTLS is used where it is offered");
    const text = sent?.text ?? "";
    assert.equal(text.match(/^DKIM-Signature:/gm)?.length, 2);
    assert.match(await newest(server, BOB), /\nOn its way\r\n\.\r\n/);
    // It comes back to our own door, which asks for the keys.
    using client = await LineClient.connect(server.ports.smtp);
    await client.reply(220);
    await client.smtp("EHLO mx.far.test", 250);
    await client.smtp(`MAIL FROM:<${ALICE}>`, 250);
    await client.smtp(`RCPT TO:<${BOB}>`, 250);
    await client.smtp("DATA", 354);
    const stuffed = text.replaceAll(/^\./gm, "..");
    await client.write(new TextEncoder().encode(stuffed));
    await client.smtp(".", 250);
    const results = (await newest(server, BOB)).split("Received:")[0] ?? "";
    assert.match(results, /Authentication-Results: mx\.here\.test/);
    assert.equal(results.match(/dkim=pass/g)?.length, 2, results);
  }));

Deno.test("what nobody takes comes back; what waits is looked after by hand", () =>
  withWorld(async ({ server, dns, sink }) => {
    await send(server, ["x@no-mail.test", "y@sick.test"]);
    await until("reported", async () => (await newest(server, ALICE)) !== "");
    const report = await newest(server, ALICE);
    assert.match(report, /Return-Path: <>/);
    assert.match(report, /Content-Type: multipart\/report/);
    assert.match(
      report,
      /Final-Recipient: rfc822; x@no-mail\.test\r\nAction: failed\r\nStatus: 5\.1\.10/,
    );
    const [waiting, ...others] = await queued(server);
    assert.deepEqual(others, []);
    assert.deepEqual(
      waiting?.recipients.map(({ address }) => address),
      ["y@sick.test"],
    );
    const shown = await server.cli(["queue", "show", waiting?.id ?? ""]);
    assert.match(shown, /y@sick\.test/);
    dns.zone = { ...dns.zone, "sick.test": { MX: [[10, "mx.far.test"]] } };
    await server.cli(["queue", "retry", waiting?.id ?? ""]);
    await until("it left", () => sink.messages.length === 1);
    await until("none waits", async () => (await queued(server)).length === 0);

    await send(server, ["z@ill.test"]);
    const [again] = await queued(server);
    await server.stop();
    // The server is away: the command opens the queue by itself.
    await server.cli(["queue", "drop", again?.id ?? ""]);
    await server.restart();
    assert.deepEqual(await queued(server), []);
    assert.equal(sink.messages.length, 1);
  }));

Deno.test("submission refuses what is not the sender's, and goes on", () =>
  withWorld(async ({ server, sink }) => {
    using client = await LineClient.connect(server.ports.submission);
    await client.reply(220);
    await client.smtp("EHLO client.test", 250);
    assert.match(await client.smtp(`MAIL FROM:<${ALICE}>`, 530), /5\.7\.0/);
    const login = btoa(`\0${ALICE}\0${PASSWORD}`);
    await client.smtp(`AUTH PLAIN ${login}`, 235);
    assert.match(await client.smtp(`MAIL FROM:<${BOB}>`, 553), /5\.7\.1/);
    const refused = [
      [`From: ${ALICE}`, `From: ${BOB}`],
      [`From: ${BOB}`],
      [`From: ${ALICE}`, `Sender: ${BOB}`],
      ["Subject: no author"],
    ];
    for (const fields of refused) {
      await client.smtp(`MAIL FROM:<${ALICE}>`, 250);
      await client.smtp("RCPT TO:<friend@far.test>", 250);
      await client.smtp("DATA", 354);
      await client.send(...fields, "", "body", ".");
      assert.match(await client.reply(550), /5\.[67]\./, fields.join());
    }
    await client.smtp(`MAIL FROM:<${ALICE}>`, 250);
    await client.smtp("RCPT TO:<friend@far.test>", 250);
    await client.smtp("DATA", 354);
    await client.send(`From: ${ALICE}`, "", "body", ".");
    await client.reply(250);
    await until("it left", () => sink.messages.length === 1);
    const [sent] = sink.messages;
    assert.match(sent?.text ?? "", /^Date: /m);
    assert.match(sent?.text ?? "", /^Message-ID: </mi);
  }));

/** The configuration of `docs/architecture.md` runs as it stands. */
import assert from "node:assert/strict";
import nodemailer from "nodemailer";
import { DnsServer } from "#tests/support/dns_server.ts";
import { LineClient } from "#tests/support/line_client.ts";
import { type Ports, withServer } from "#tests/support/server.ts";
import { SmtpSink } from "#tests/support/smtp_sink.ts";
import { until } from "#tests/support/until.ts";

const ACCOUNT = "simon@emersion.fr";
const PASSWORD = "secret";

/** Word for word, but for addresses and paths. */
async function documented(ports: Ports, folder: string): Promise<string> {
  const page = new URL("../../docs/architecture.md", import.meta.url);
  const text = await Deno.readTextFile(page);
  const start = text.indexOf("    # implements 'delivery', 'storage'");
  const end = text.indexOf("## 3.", start);
  assert.ok(start > 0 && end > start, "the page has lost its example");
  const code = text.slice(start, end).replaceAll(/^ {4}/gm, "")
    .replaceAll("/var/lib/epistle/", `${folder}/`)
    .replace("0.0.0.0:993 {", `127.0.0.1:${ports.imaps} {\n  tls_mode implicit`)
    .replace("0.0.0.0:25", `127.0.0.1:${ports.smtp}`)
    .replaceAll(/(public|private) filepath/g, `$1 ${folder}/$1.pem`);
  return `state_dir ${folder}/state\ndns 127.0.0.1:9\n${code}`;
}

Deno.test("the documented configuration takes mail and refuses relaying", () =>
  withServer({
    config: documented,
    accounts: { [ACCOUNT]: PASSWORD },
    waitFor: ["smtp", "imaps"],
  }, async (server) => {
    const client = await LineClient.connect(server.ports.smtp);
    await client.reply(220);
    await client.smtp("EHLO client.test", 250);
    await client.smtp("MAIL FROM:<someone@elsewhere.test>", 250);
    await client.smtp(`RCPT TO:<${ACCOUNT}>`, 250);
    const refused = await client.smtp("RCPT TO:<other@elsewhere.test>", 530);
    assert.match(refused, /5\.7\.0/);
    await client.smtp("DATA", 354);
    await client.send("Subject: documented", "", "body", ".");
    await client.reply(250);
    client.close();
    const listed = await server.cli(["account", "list", "--json"]);
    assert.match(listed, /simon@emersion\.fr/);
  }));

Deno.test("the documented configuration sends signed mail and gets reports", async () => {
  const sink = await SmtpSink.start();
  const dns = await DnsServer.start({
    "far.test": { MX: [[10, "mx.far.test"]] },
    "mx.far.test": { A: ["127.0.0.1"] },
  });
  try {
    await withServer({
      // Beside the words of the page: where the next host is.
      config: async (ports, folder) =>
        (await documented(ports, folder)).replace("127.0.0.1:9", dns.address) +
        `remote remote {\n  port ${sink.port}\n}\n`,
      accounts: { [ACCOUNT]: PASSWORD },
      waitFor: ["smtp", "imaps"],
    }, async (server) => {
      const records = await server.cli(["dkim"]);
      assert.match(records, /^epistle\._domainkey\.emersion\.fr\. IN TXT/m);
      const transport = nodemailer.createTransport({
        host: "127.0.0.1",
        port: server.ports.smtp,
        requireTLS: true,
        tls: { rejectUnauthorized: false },
        auth: { user: ACCOUNT, pass: PASSWORD },
      });
      await transport.sendMail({
        from: ACCOUNT,
        to: ["friend@far.test", "nobody@nowhere.test"],
        text: "documented",
      });
      transport.close();
      await until("it left", () => sink.messages.length === 1);
      assert.match(sink.messages[0]?.text ?? "", /\bd=emersion\.fr\b/);
      // The report finds the account: its domain is one of ours.
      await until("reported", async () => {
        const listed = await server.cli(["account", "list", "--json"]);
        return listed.includes('"messages":1');
      });
    });
  } finally {
    await dns.stop();
    await sink.stop();
  }
});

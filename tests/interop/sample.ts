/** What every interop test sends and looks for. */
import { LineClient } from "#tests/support/line_client.ts";
import { peer } from "#tests/support/peer.ts";
import type { TestServer } from "#tests/support/server.ts";

/** The account of interop tests. */
export const USER = "alice@example.test";
/** A password with characters that clients have to quote. */
export const PASSWORD = 'corr"ect horse\\7';
/** A second account. */
export const OTHER = "bob@example.test";

/** A message with a line that begins with a dot and 8-bit text. */
export function sampleMessage(subject: string): string {
  return [
    `From: Alice <${USER}>`,
    `To: Bob <${OTHER}>`,
    `Subject: ${subject}`,
    `Date: Mon, 23 Nov 2026 10:00:00 +0000`,
    `Message-ID: <${subject.replaceAll(" ", ".")}@client.test>`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
    "",
    "Grüße from the other side.",
    ".A line that begins with a dot",
    "..and one with two.",
    "",
  ].join("\r\n");
}

/** The certificate chain that a TLS port shows, PEM. */
export async function certificateOf(port: number): Promise<string> {
  return await peer("sh", [
    "-c",
    `openssl s_client -showcerts -servername localhost ` +
    `-connect 127.0.0.1:${port} </dev/null 2>/dev/null ` +
    `| sed -n '/-----BEGIN/,/-----END/p'`,
  ]);
}

/** Puts a message into the mailbox of `USER` over LMTP. */
export async function deliver(
  server: TestServer,
  message: string,
  recipient = USER,
): Promise<void> {
  const client = await LineClient.connect(server.ports.lmtp);
  await client.reply(220);
  await client.smtp("LHLO client.test", 250);
  await client.smtp("MAIL FROM:<sender@elsewhere.test>", 250);
  await client.smtp(`RCPT TO:<${recipient}>`, 250);
  await client.smtp("DATA", 354);
  await client.send(message.replaceAll("\r\n.", "\r\n..") + ".");
  await client.reply(250);
  await client.smtp("QUIT", 221);
  client.close();
}

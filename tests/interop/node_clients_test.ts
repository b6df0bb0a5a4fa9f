/** nodemailer sends, imapflow reads. */
import assert from "node:assert/strict";
import { ImapFlow } from "imapflow";
import nodemailer from "nodemailer";
import { withServer } from "#tests/support/server.ts";
import { OTHER, PASSWORD, USER } from "./sample.ts";

const TLS = { rejectUnauthorized: false };

function imapClient(
  { port, secure }: { port: number; secure: boolean },
): ImapFlow {
  return new ImapFlow({
    host: "127.0.0.1",
    port,
    secure,
    tls: TLS,
    logger: false,
    auth: { user: OTHER, pass: PASSWORD },
  });
}

Deno.test({
  name: "nodemailer sends and imapflow reads, with attachments and IDLE",
  // Both keep timers and sockets for a moment after they are closed.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withServer(
      { accounts: { [USER]: PASSWORD, [OTHER]: PASSWORD } },
      async (server) => {
        const { ports } = server;
        const idle = imapClient({ port: ports.imap, secure: false });
        await idle.connect();
        await idle.mailboxOpen("INBOX");
        const arrived = new Promise<number>((resolve) =>
          idle.once(
            "exists",
            (event: { count: number }) => resolve(event.count),
          )
        );
        const attachment = crypto.getRandomValues(new Uint8Array(50_000));
        for (const secure of [false, true]) {
          const transport = nodemailer.createTransport({
            host: "127.0.0.1",
            port: secure ? ports.submissions : ports.submission,
            secure,
            requireTLS: true,
            tls: TLS,
            auth: { user: USER, pass: PASSWORD },
          });
          await transport.sendMail({
            from: USER,
            to: OTHER,
            subject: "Grüße 🐟",
            text: "Plain Ωmega",
            html: "<p>Rich <b>Ωmega</b></p>",
            attachments: [{
              filename: "daten ä.bin",
              content: Buffer.from(attachment),
            }],
          });
          transport.close();
        }
        assert.ok(await arrived >= 1);
        await idle.logout();
        const client = imapClient({ port: ports.imaps, secure: true });
        await client.connect();
        const box = await client.mailboxOpen("INBOX");
        assert.equal(box.exists, 2);
        const message = await client.fetchOne("1", {
          envelope: true,
          bodyStructure: true,
          source: true,
          flags: true,
        });
        assert.ok(message);
        assert.equal(message.envelope?.subject, "Grüße 🐟");
        assert.equal(message.bodyStructure?.type, "multipart/mixed");
        const part = await client.download("1", "2");
        const chunks: Uint8Array[] = [];
        assert.ok(part.content && part.meta);
        for await (const chunk of part.content) chunks.push(chunk);
        assert.deepEqual(
          new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()),
          attachment,
        );
        assert.equal(part.meta.filename, "daten ä.bin");
        await client.mailboxCreate("Projects/2026");
        const moved = await client.messageMove("1", "Projects/2026");
        assert.ok(moved && moved.uidMap?.size === 1);
        const tree = await client.list();
        assert.ok(tree.some((entry) => entry.specialUse === "\\Junk"));
        assert.ok(tree.some((entry) => entry.path === "Projects/2026"));
        await client.mailboxDelete("Projects/2026");
        await client.logout();
      },
    ),
});

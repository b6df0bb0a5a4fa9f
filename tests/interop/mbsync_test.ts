/** isync's mbsync synchronises a mailbox with a Maildir, both ways. */
import assert from "node:assert/strict";
import { LineClient } from "#tests/support/line_client.ts";
import { peer, peerTest } from "#tests/support/peer.ts";
import { type Ports, withServer } from "#tests/support/server.ts";
import { certificateOf, deliver, sampleMessage, USER } from "./sample.ts";

const PASSWORD = "simple-password";

/** How mbsync gets to the server. */
function transport(isSecure: boolean, ports: Ports, folder: string): string {
  return isSecure
    ? `Port ${ports.imaps}
SSLType IMAPS
CertificateFile ${folder}/ca.pem`
    : `Port ${ports.imap}
SSLType None
AuthMechs LOGIN`;
}

function rc(transport: string, folder: string): string {
  return `
IMAPAccount epistle
Host localhost
${transport}
User ${USER}
Pass ${PASSWORD}

IMAPStore remote
Account epistle

MaildirStore local
Path ${folder}/mail/
Inbox ${folder}/mail/INBOX
SubFolders Verbatim

Channel all
Far :remote:
Near :local:
Patterns *
Create Both
Expunge Both
Remove Both
SyncState *
`;
}

/** Messages of a Maildir folder: file names and contents. */
async function maildir(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const part of ["cur", "new"]) {
    for await (const entry of Deno.readDir(`${folder}/${part}`)) {
      const path = `${folder}/${part}/${entry.name}`;
      found.set(path, await Deno.readTextFile(path));
    }
  }
  return found;
}

for (const isSecure of [false, true]) {
  const how = isSecure ? "over TLS" : "in plain";
  peerTest(
    `mbsync synchronises both ways ${how}`,
    ["mbsync"],
    () =>
      withServer({ accounts: { [USER]: PASSWORD } }, async (server) => {
        await deliver(server, sampleMessage("one"));
        await deliver(server, sampleMessage("two"));
        const folder = await Deno.makeTempDir({ prefix: "epistle-mbsync-" });
        try {
          await Deno.mkdir(`${folder}/mail`);
          const pem = await certificateOf(server.ports.imaps);
          await Deno.writeTextFile(`${folder}/ca.pem`, pem);
          const config = rc(transport(isSecure, server.ports, folder), folder);
          await Deno.writeTextFile(`${folder}/rc`, config);
          const sync = () => peer("mbsync", ["-c", `${folder}/rc`, "all"]);
          await sync();
          const first = await maildir(`${folder}/mail/INBOX`);
          assert.equal(first.size, 2);
          for (const name of ["Sent", "Drafts", "Junk", "Trash", "Archive"]) {
            assert.ok((await Deno.stat(`${folder}/mail/${name}`)).isDirectory);
          }
          // Here: flag one as read and put a new one; there: delete the other.
          const [path] = [...first].find(([, text]) =>
            text.includes("Subject: one")
          ) ??
            [];
          assert.ok(path !== undefined);
          const base = path.split("/").at(-1)?.split(":")[0];
          await Deno.rename(path, `${folder}/mail/INBOX/cur/${base}:2,FS`);
          const local = sampleMessage("written here").replaceAll("\r\n", "\n");
          await Deno.writeTextFile(`${folder}/mail/INBOX/new/1.2.host`, local);
          const client = await LineClient.connect(server.ports.imap);
          await client.line();
          await client.imap("a", `LOGIN ${USER} ${PASSWORD}`);
          await client.imap("b", "SELECT INBOX");
          await client.imap("c", "UID STORE 2 +FLAGS.SILENT (\\Deleted)");
          await client.imap("d", "EXPUNGE");
          await sync();
          const after = await client.imap("e", "UID FETCH 1:* (FLAGS)");
          const text = after.join("\n");
          assert.match(
            text,
            /UID 1 FLAGS \([^)]*\\Flagged|FLAGS \([^)]*\\Flagged[^)]*\) UID 1\b|FLAGS \([^)]*\\Flagged/,
          );
          assert.match(text, /\* 2 (EXISTS|FETCH)/);
          const found = await client.imap(
            "f",
            'UID SEARCH SUBJECT "written here"',
          );
          assert.match(found.join("\n"), /\* SEARCH 3/);
          const second = await maildir(`${folder}/mail/INBOX`);
          assert.equal(second.size, 2);
          // Nothing is left to do.
          await sync();
          assert.deepEqual(await maildir(`${folder}/mail/INBOX`), second);
          client.close();
        } finally {
          await Deno.remove(folder, { recursive: true });
        }
      }),
  );
}

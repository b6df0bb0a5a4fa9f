/** offlineimap3 synchronises a mailbox with a Maildir, both ways. */
import assert from "node:assert/strict";
import { LineClient } from "#tests/support/line_client.ts";
import { peer, peerTest } from "#tests/support/peer.ts";
import { type Ports, withServer } from "#tests/support/server.ts";
import { certificateOf, deliver, sampleMessage, USER } from "./sample.ts";

const PASSWORD = "simple-password";

/** How offlineimap gets to the server. */
function transport(isSecure: boolean, ports: Ports, folder: string): string {
  return isSecure
    ? `remotehost = localhost
remoteport = ${ports.imaps}
ssl = yes
sslcacertfile = ${folder}/ca.pem`
    : `remotehost = 127.0.0.1
remoteport = ${ports.imap}
ssl = no
starttls = no`;
}

function rc(transport: string, folder: string): string {
  return `
[general]
accounts = test
metadata = ${folder}/meta
ui = basic
[Account test]
localrepository = local
remoterepository = remote
[Repository local]
type = Maildir
localfolders = ${folder}/mail
[Repository remote]
type = IMAP
${transport}
remoteuser = ${USER}
remotepass = ${PASSWORD}
auth_mechanisms = LOGIN
`;
}

async function countFiles(folder: string): Promise<number> {
  let count = 0;
  for (const part of ["cur", "new"]) {
    for await (const _ of Deno.readDir(`${folder}/${part}`)) count++;
  }
  return count;
}

for (const isSecure of [false, true]) {
  const how = isSecure ? "over TLS" : "in plain";
  peerTest(
    `offlineimap3 synchronises both ways ${how}`,
    ["offlineimap"],
    () =>
      withServer({ accounts: { [USER]: PASSWORD } }, async (server) => {
        await deliver(server, sampleMessage("one"));
        await deliver(server, sampleMessage("two"));
        const folder = await Deno.makeTempDir({
          prefix: "epistle-offlineimap-",
        });
        try {
          const pem = await certificateOf(server.ports.imaps);
          await Deno.writeTextFile(`${folder}/ca.pem`, pem);
          const config = rc(transport(isSecure, server.ports, folder), folder);
          await Deno.writeTextFile(`${folder}/rc`, config);
          const sync = () =>
            peer("offlineimap", ["-c", `${folder}/rc`, "-o"], {
              env: { HOME: folder },
            });
          await sync();
          assert.equal(await countFiles(`${folder}/mail/INBOX`), 2);
          const local = sampleMessage("written here").replaceAll("\r\n", "\n");
          await Deno.writeTextFile(`${folder}/mail/INBOX/new/1.2.host`, local);
          await sync();
          const client = await LineClient.connect(server.ports.imap);
          await client.line();
          await client.imap("a", `LOGIN ${USER} ${PASSWORD}`);
          await client.imap("b", "SELECT INBOX");
          const found = await client.imap("c", 'SEARCH SUBJECT "written here"');
          assert.match(found.join("\n"), /\* SEARCH 3/);
          await client.imap("d", "STORE 1 +FLAGS (\\Deleted)");
          await client.imap("e", "EXPUNGE");
          client.close();
          await sync();
          assert.equal(await countFiles(`${folder}/mail/INBOX`), 2);
        } finally {
          await Deno.remove(folder, { recursive: true });
        }
      }),
  );
}

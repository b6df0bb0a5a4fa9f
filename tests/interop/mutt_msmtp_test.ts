/** neomutt reads and files mail; msmtp sends it. */
import assert from "node:assert/strict";
import { LineClient } from "#tests/support/line_client.ts";
import { peer, peerTest } from "#tests/support/peer.ts";
import { withServer } from "#tests/support/server.ts";
import {
  certificateOf,
  deliver,
  OTHER,
  sampleMessage,
  USER,
} from "./sample.ts";

const PASSWORD = "simple-password";

peerTest(
  "msmtp sends over STARTTLS and implicit TLS",
  ["msmtp"],
  () =>
    withServer(
      { accounts: { [USER]: PASSWORD, [OTHER]: PASSWORD } },
      async (server) => {
        const send = (port: number, ...more: string[]) =>
          peer("msmtp", [
            ...["--host=127.0.0.1", `--port=${port}`, "--tls=on"],
            ...["--tls-certcheck=off", `--from=${USER}`, "--auth=plain"],
            ...[`--user=${USER}`, `--passwordeval=echo ${PASSWORD}`],
            ...more,
            OTHER,
          ], { input: sampleMessage("msmtp test").replaceAll("\r\n", "\n") });
        await send(server.ports.submission, "--tls-starttls=on");
        await send(server.ports.submissions, "--tls-starttls=off");
        const client = await LineClient.connect(server.ports.imap);
        await client.line();
        await client.imap("a", `LOGIN ${OTHER} ${PASSWORD}`);
        await client.imap("b", "SELECT INBOX");
        const found = await client.imap("c", 'SEARCH SUBJECT "msmtp test"');
        assert.match(found.join("\n"), /\* SEARCH 1 2$/m);
        client.close();
      },
    ),
);

for (const isSecure of [false, true]) {
  const how = isSecure ? "over TLS" : "in plain";
  peerTest(
    `neomutt reads, copies and deletes ${how}`,
    ["neomutt"],
    () =>
      withServer({ accounts: { [USER]: PASSWORD } }, async (server) => {
        await deliver(server, sampleMessage("first letter"));
        await deliver(server, sampleMessage("second letter"));
        const folder = await Deno.makeTempDir({ prefix: "epistle-mutt-" });
        try {
          const login = USER.replace("@", "%40");
          const url = isSecure
            ? `imaps://${login}@localhost:${server.ports.imaps}`
            : `imap://${login}@127.0.0.1:${server.ports.imap}`;
          const pem = await certificateOf(server.ports.imaps);
          await Deno.writeTextFile(`${folder}/ca.pem`, pem);
          await Deno.writeTextFile(
            `${folder}/rc`,
            [
              `set imap_user="${USER}" imap_pass="${PASSWORD}"`,
              `set folder="${url}/" spoolfile="${url}/INBOX"`,
              `set certificate_file=${folder}/ca.pem ssl_ca_certificates_file=${folder}/ca.pem`,
              `set ssl_starttls=no ssl_force_tls=no confirmappend=no confirmcreate=no delete=yes`,
              `set header_cache="" message_cachedir="" wait_key=no quit=yes`,
              // Copies the first message to a file, the second to Archive,
              // deletes the first and leaves.
              `push "<first-entry><copy-message>${folder}/out<enter>` +
              `<next-entry><copy-message>=Archive<enter>` +
              `<first-entry><delete-message><sync-mailbox><quit>"`,
            ].join("\n"),
          );
          await peer("sh", [
            "-c",
            `TERM=xterm HOME=${folder} timeout 60 script -qec ` +
            `'neomutt -n -F ${folder}/rc' /dev/null </dev/null`,
          ]);
          const copied = await Deno.readTextFile(`${folder}/out`);
          assert.match(copied, /^Subject: first letter$/m);
          const client = await LineClient.connect(server.ports.imap);
          await client.line();
          await client.imap("a", `LOGIN ${USER} ${PASSWORD}`);
          const inbox = await client.imap("b", "STATUS INBOX (MESSAGES)");
          assert.match(inbox.join("\n"), /MESSAGES 1\)/);
          await client.imap("c", "SELECT Archive");
          const found = await client.imap(
            "d",
            'SEARCH SUBJECT "second letter"',
          );
          assert.match(found.join("\n"), /\* SEARCH 1$/m);
          client.close();
        } finally {
          await Deno.remove(folder, { recursive: true });
        }
      }),
  );
}

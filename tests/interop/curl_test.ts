/** curl sends by smtp:// and reads by imap://. */
import assert from "node:assert/strict";
import { peer, peerTest } from "#tests/support/peer.ts";
import { withServer } from "#tests/support/server.ts";
import { OTHER, PASSWORD, sampleMessage, USER } from "./sample.ts";

const QUIET = ["--silent", "--show-error", "--insecure", "--max-time", "60"];

peerTest("curl sends and reads, plain and with TLS", ["curl"], () =>
  withServer(
    { accounts: { [USER]: PASSWORD, [OTHER]: PASSWORD } },
    async (server) => {
      const { ports } = server;
      const message = sampleMessage("curl test");
      const send = (url: string, ...more: string[]) =>
        peer("curl", [
          ...QUIET,
          ...["--url", url, "--mail-from", USER, "--mail-rcpt", OTHER],
          ...["--user", `${USER}:${PASSWORD}`, "--upload-file", "-"],
          ...more,
        ], { input: message });
      await send(`smtp://127.0.0.1:${ports.submission}`, "--ssl-reqd");
      await send(`smtps://127.0.0.1:${ports.submissions}`);
      await send(`smtp://127.0.0.1:${ports.submission}`);
      const read = (url: string, ...more: string[]) =>
        peer("curl", [
          ...QUIET,
          ...["--user", `${OTHER}:${PASSWORD}`, url],
          ...more,
        ]);
      const plain = `imap://127.0.0.1:${ports.imap}`;
      const secure = `imaps://127.0.0.1:${ports.imaps}`;
      const body = message.slice(message.indexOf("\r\n\r\n"));
      for (
        const got of [
          await read(`${plain}/INBOX;MAILINDEX=1`),
          await read(`${plain}/INBOX;UID=2`, "--ssl-reqd"),
          await read(`${secure}/INBOX;MAILINDEX=3`),
        ]
      ) assert.ok(got.endsWith(body), got);
      const text = await read(`${secure}/INBOX;MAILINDEX=1;SECTION=TEXT`);
      assert.equal(text, body.slice(4));
      const found = await read(`${secure}/INBOX?SUBJECT%20curl`);
      assert.match(found, /^\* SEARCH 1 2 3\r$/m);
      assert.match(await read(secure), /\\HasNoChildren.*"?INBOX"?/);
      // APPEND needs the size before the first byte: a file has one.
      const file = `${server.folder}/draft.eml`;
      await Deno.writeTextFile(file, message);
      await read(`${secure}/Drafts`, "--upload-file", file);
      assert.equal(await read(`${secure}/Drafts;MAILINDEX=1`), message);
    },
  ));

/**
 * IMAP for dialogues: real sockets and sessions in front of a store in memory.
 * Account `alice` with password `secret` has INBOX and `Box`. `@set
 * insecure_auth yes` allows passwords without TLS. Another session of the same
 * account does what these lines say:
 *
 *     @other COMMAND            runs it; it must be OK
 *     @append MAILBOX TEXT      puts a message there, escapes as in C+
 *     @drain                    the server goes down
 */
import type { Socket } from "node:net";
import { makeAuthority, makeLeaf } from "#src/certificates/make_certificate.ts";
import { SessionLoop } from "#src/imap/session_loop.ts";
import { listen } from "#src/net/listener.ts";
import { SocketConnection } from "#src/net/socket_connection.ts";
import { TlsContexts } from "#src/net/tls_contexts.ts";
import {
  type ImapTestClient,
  ImapTestServer,
} from "#tests/support/imap_server.ts";
import type { DialogServer, StartDialogServer } from "./dialog_server.ts";
import { unescape } from "./transcript.ts";

/** Messages arrive at this moment, so that INTERNALDATE can be written down. */
const NOW = Date.UTC(2026, 10, 23, 10, 0, 0);

/** The session beside the one of the dialogue. */
async function other(
  server: ImapTestServer,
  known: ImapTestClient | undefined,
): Promise<ImapTestClient> {
  if (known !== undefined) return known;
  const client = await server.connect();
  await client.ok("LOGIN alice secret");
  await client.ok("SELECT INBOX");
  return client;
}

const startImap: StartDialogServer = async (given) => {
  const authority = makeAuthority("Dialogue", Date.now(), 10);
  const leaf = makeLeaf(authority, ["localhost"], Date.now(), 10);
  const tls = new TlsContexts({
    get: () => Promise.resolve({ chain: leaf.certificate, key: leaf.key }),
    onChange: () => () => {},
  });
  await tls.start();
  const server = new ImapTestServer(
    {
      tls,
      clock: {
        now: () => NOW,
        monotonic: () => 0,
        // Time stands still: who waits is woken by the signal alone.
        sleep: (_ms, signal) =>
          new Promise((_, reject) => {
            signal?.addEventListener("abort", () => reject(signal.reason));
          }),
      },
    },
    { insecureAuth: given.has("insecure_auth") },
  );
  // The store makes the account with its first mailbox.
  await server.storage.openAccount("alice");
  server.storage.addMailbox("alice", "Box");
  const loops: SessionLoop[] = [];
  const runs: Promise<void>[] = [];
  const sockets: Socket[] = [];
  const listener = await listen({ host: "127.0.0.1", port: 0 }, (socket) => {
    sockets.push(socket);
    const connection = new SocketConnection(socket);
    const loop = new SessionLoop(server.services, connection, "dialog");
    loops.push(loop);
    runs.push(loop.run());
  });
  let beside: ImapTestClient | undefined;
  return {
    port: listener.address.port,
    authority: authority.certificate,
    implicitTls: false,
    bytesRead: () => sockets[0]?.bytesRead ?? 0,
    advance(): void {
      throw new Error("The clock of IMAP dialogues stands still");
    },
    async directive(word, rest): Promise<void> {
      if (word === "drain") {
        for (const loop of loops) await loop.drain();
        return;
      }
      beside = await other(server, beside);
      if (word === "other") {
        await beside.ok(rest);
      } else if (word === "append") {
        const [, mailbox = "", text = ""] = /^(\S+) (.*)$/.exec(rest) ?? [];
        const bytes = Array.from(unescape(text, 0));
        await beside.append(String.fromCharCode(...bytes), mailbox);
      } else throw new Error(`What is @${word}?`);
    },
    async stop(): Promise<void> {
      await listener.close();
      for (const loop of loops) loop.destroy();
      await Promise.all(runs);
      await server.stop();
      tls.stop();
    },
  } satisfies DialogServer;
};

/** By the word after `@server`. */
export const IMAP_SERVERS: Readonly<Record<string, StartDialogServer>> = {
  imap: startImap,
};

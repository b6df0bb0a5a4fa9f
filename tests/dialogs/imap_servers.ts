/**
 * IMAP for dialogues: real sockets and sessions in front of a store in memory
 * (`@server imap`) or of `sqlmail` (`@server imap-sqlmail`). Account `alice` with
 * password `secret` has INBOX and `Box`; in `sqlmail` there are `bob` and `eve`
 * as well, and the names go on with `@example.org`. `@set insecure_auth yes`
 * allows passwords without TLS, `@set administrator NAME` makes one. Another
 * session of the same account does what these lines say:
 *
 *     @other COMMAND            runs it; it must be OK
 *     @append MAILBOX TEXT      puts a message there, escapes as in C+
 *     @as NAME COMMAND          runs it in a session of another account
 *     @admin COMMAND JSON       runs a command of the store's administrator
 *     @drain                    the server goes down
 */
import type { Socket } from "node:net";
import { makeAuthority, makeLeaf } from "#src/certificates/make_certificate.ts";
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { MailboxViews } from "#src/imap/mailbox_views.ts";
import type { ImapServices, ImapSettings } from "#src/imap/services.ts";
import { SessionLoop } from "#src/imap/session_loop.ts";
import { listen } from "#src/net/listener.ts";
import { SocketConnection } from "#src/net/socket_connection.ts";
import { TlsContexts } from "#src/net/tls_contexts.ts";
import {
  type ImapTestClient,
  ImapTestServer,
} from "#tests/support/imap_server.ts";
import { openStore } from "#tests/support/mail_store.ts";
import type { DialogServer, StartDialogServer } from "./dialog_server.ts";
import { unescape } from "./transcript.ts";

/** Messages arrive at this moment, so that INTERNALDATE can be written down. */
const NOW = Date.UTC(2026, 10, 23, 10, 0, 0);

/** A store for dialogues. */
interface Stored {
  readonly server: ImapTestServer;
  /** Behind the names of accounts. */
  readonly domain: string;
  admin(command: string, args: Readonly<Record<string, unknown>>): unknown;
  stop(): Promise<void>;
}

type MakeStored = (
  changes: Partial<ImapServices>,
  settings: Partial<ImapSettings>,
) => Promise<Stored>;

const inMemory: MakeStored = async (changes, settings) => {
  const server = new ImapTestServer(changes, settings);
  // The store makes the account with its first mailbox.
  await server.storage.openAccount("alice");
  server.storage.addMailbox("alice", "Box");
  return {
    server,
    domain: "",
    admin(): never {
      throw new Error("The store in memory has no administrator");
    },
    stop: () => server.stop(),
  };
};

const inSqlmail: MakeStored = async (changes, settings) => {
  const folder = await Deno.makeTempDir();
  const clock = changes.clock ?? SYSTEM_CLOCK;
  const store = await openStore(folder, { clock });
  const domain = "@example.org";
  for (const name of ["alice", "bob", "eve"]) {
    const args = { name: name + domain, password: "secret" };
    await store.admin.call("account.add", args);
  }
  const { storage: backend } = store;
  const alice = await backend.openAccount("alice");
  await backend.createMailbox(alice, "Box");
  const views = new MailboxViews(backend);
  const server = new ImapTestServer({ ...changes, backend, views }, settings);
  return {
    server,
    domain,
    admin: (command, args) => store.admin.call(command, args),
    async stop(): Promise<void> {
      await server.stop();
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
};

/** Sessions beside the one of the dialogue, by account. */
class Others {
  readonly #stored: Stored;
  readonly #clients: Map<string, ImapTestClient> = new Map();

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  async of(account: string): Promise<ImapTestClient> {
    const known = this.#clients.get(account);
    if (known !== undefined) return known;
    const client = await this.#stored.server.connect();
    await client.ok(`LOGIN ${account}${this.#stored.domain} secret`);
    await client.ok("SELECT INBOX");
    this.#clients.set(account, client);
    return client;
  }
}

const startWith = (make: MakeStored): StartDialogServer => async (given) => {
  const authority = makeAuthority("Dialogue", Date.now(), 10);
  const leaf = makeLeaf(authority, ["localhost"], Date.now(), 10);
  const tls = new TlsContexts({
    get: () => Promise.resolve({ chain: leaf.certificate, key: leaf.key }),
    onChange: () => () => {},
  });
  await tls.start();
  const stored = await make(
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
    {
      insecureAuth: given.has("insecure_auth"),
      isAdministrator: (account) => account === given.get("administrator"),
    },
  );
  const { server } = stored;
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
  const others = new Others(stored);
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
      if (word === "as") {
        const [, name = "", command = ""] = /^(\S+) (.*)$/.exec(rest) ?? [];
        // Only a literal needs escapes; elsewhere backslashes are flags.
        const text = command.includes("{")
          ? String.fromCharCode(...unescape(command, 0))
          : command;
        await (await others.of(name)).ok(text);
        return;
      }
      if (word === "admin") {
        const [, command = "", json = "{}"] = /^(\S+) (.*)$/.exec(rest) ?? [];
        await stored.admin(command, JSON.parse(json));
        return;
      }
      const beside = await others.of("alice");
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
      await stored.stop();
      tls.stop();
    },
  } satisfies DialogServer;
};

/** By the word after `@server`. */
export const IMAP_SERVERS: Readonly<Record<string, StartDialogServer>> = {
  imap: startWith(inMemory),
  "imap-sqlmail": startWith(inSqlmail),
};

/** An IMAP session over a connection in memory, with a client that speaks. */
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { MailboxViews } from "#src/imap/mailbox_views.ts";
import type { SpooledMessage } from "#src/imap/message_spool.ts";
import type { ImapServices, ImapSettings } from "#src/imap/services.ts";
import { SessionLoop } from "#src/imap/session_loop.ts";
import { summarize } from "#src/imap/summary_builder.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { MemoryBody } from "#src/message/body.ts";
import { findHeaderEnd } from "#src/message/header_block.ts";
import { MemoryConnection } from "#src/net/memory_connection.ts";
import { MemoryStorage } from "#tests/support/memory_storage.ts";

/** Time for any one answer; a test that waits longer hangs. */
const ANSWER_MS = 10_000;

/** One server with its store, for any number of clients. */
export class ImapTestServer {
  readonly storage: MemoryStorage = new MemoryStorage();
  readonly services: ImapServices;
  readonly loops: SessionLoop[] = [];
  readonly #runs: Promise<void>[] = [];
  readonly #clients: ImapTestClient[] = [];

  constructor(
    changes: Partial<ImapServices> = {},
    settings: Partial<ImapSettings> = {},
  ) {
    this.services = {
      backend: this.storage,
      views: new MailboxViews(this.storage),
      auth: {
        checkPlain: (user, password) =>
          Promise.resolve(
            password === "secret"
              ? { ok: true, identity: { account: user } }
              : { ok: false, reason: "badCredentials" },
          ),
      },
      loginLimits: { mayTry: () => true, failed() {} },
      spool: { take: collect },
      settings: {
        hostname: "here.test",
        idleTimeoutMs: 60_000,
        insecureAuth: true,
        hiddenCapabilities: new Set(),
        maxSessionsPerAccount: 30,
        serverId: { name: "Epistle" },
        ...settings,
      },
      tls: undefined,
      log: SILENT_LOG,
      clock: SYSTEM_CLOCK,
      sessionsOf: new Map(),
      random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
      summarize,
      ...changes,
    };
    this.services.views.start();
  }

  /** A new connection; the greeting is read. */
  async connect(): Promise<ImapTestClient> {
    const [near, far] = MemoryConnection.pair();
    const loop = new SessionLoop(this.services, far, "test");
    this.loops.push(loop);
    this.#runs.push(loop.run());
    const client = new ImapTestClient(near);
    this.#clients.push(client);
    await client.line();
    return client;
  }

  /** A new connection, logged in, with a mailbox selected. */
  async select(mailbox = "INBOX"): Promise<ImapTestClient> {
    const client = await this.connect();
    await client.ok("LOGIN alice secret");
    await client.ok(`SELECT ${mailbox}`);
    return client;
  }

  /** Ends everything and waits for it. */
  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await Promise.all(this.#runs);
    this.services.views.stop();
  }
}

/** Runs a test against a server of its own. */
export async function withImap(
  run: (server: ImapTestServer) => Promise<void>,
  changes: Partial<ImapServices> = {},
  settings: Partial<ImapSettings> = {},
): Promise<void> {
  const server = new ImapTestServer(changes, settings);
  try {
    await run(server);
  } finally {
    await server.stop();
  }
}

/** The client's side. Text is Latin-1: one character a byte. */
export class ImapTestClient {
  readonly #connection: MemoryConnection;
  #text = "";
  #tags = 0;
  #isOver = false;

  constructor(connection: MemoryConnection) {
    this.#connection = connection;
  }

  /** Sends bytes as they are. */
  async raw(text: string): Promise<void> {
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    await this.#connection.write(bytes);
  }

  /** The next line without its end; at the end of the connection an empty one. */
  async line(): Promise<string> {
    while (true) {
      const end = this.#text.indexOf("\r\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return line;
      }
      if (!(await this.#fill())) return "";
    }
  }

  /** Everything up to and including the line that begins with `prefix`. */
  async until(prefix: string): Promise<string> {
    let all = "";
    while (true) {
      const line = await this.line();
      all += `${line}\r\n`;
      if (line.startsWith(prefix)) return all;
      if (line === "" && this.#isOver && this.#text === "") {
        throw new Error(`The connection ended before ${prefix}: ${all}`);
      }
    }
  }

  /** Sends one command; gives everything up to its tagged answer. */
  async run(command: string): Promise<string> {
    const tag = `T${++this.#tags}`;
    await this.raw(`${tag} ${command}\r\n`);
    return await this.until(`${tag} `);
  }

  /** As `run`; the answer must be OK. */
  async ok(command: string): Promise<string> {
    const answer = await this.run(command);
    if (!/(?:^|\r\n)T\d+ OK /.test(answer)) {
      throw new Error(`${command}: ${answer}`);
    }
    return answer;
  }

  /** Appends a message by a non-synchronising literal. */
  async append(
    message: string,
    mailbox = "INBOX",
    arguments_ = "",
  ): Promise<string> {
    return await this.ok(
      `APPEND ${mailbox} ${arguments_}{${message.length}+}\r\n${message}`,
    );
  }

  /** Everything up to the end of the connection. */
  async rest(): Promise<string> {
    while (await this.#fill());
    return this.#text;
  }

  /** Says that nothing more comes; the server's answers can still be read. */
  finish(): void {
    this.#connection.finish();
  }

  /** Whether the server has closed; reads what is left. */
  async ended(): Promise<boolean> {
    while (await this.#fill());
    return this.#isOver;
  }

  close(): void {
    this.#connection.destroy();
  }

  async #fill(): Promise<boolean> {
    if (this.#isOver) return false;
    const chunk = await this.#connection.read(ANSWER_MS);
    if (chunk === undefined) {
      this.#isOver = true;
      return false;
    }
    for (const byte of chunk) this.#text += String.fromCharCode(byte);
    return true;
  }
}

/** A message of two lines of header. */
export function message(subject: string, body = "Hello\r\n"): string {
  return `From: a@b.test\r\nSubject: ${subject}\r\n\r\n${body}`;
}

async function collect(
  source: AsyncIterable<Uint8Array>,
): Promise<SpooledMessage> {
  const bytes = new Uint8Array(
    await new Response(ReadableStream.from(source)).arrayBuffer(),
  );
  const end = findHeaderEnd(bytes) ?? bytes.length;
  return {
    header: bytes.subarray(0, end),
    body: new MemoryBody(bytes.subarray(end)),
    dispose: () => Promise.resolve(),
  };
}

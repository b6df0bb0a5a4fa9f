/**
 * SMTP, LMTP and submission for dialogues: the real server in front of a
 * backend in memory, whose answers stand in the addresses:
 *
 * - sender `refused@`: 550 5.7.1; `panic@`: breaks at MAIL; `data-panic@`:
 *   breaks at the message; `deaf@`: refuses the message without reading it
 * - recipient `unknown@`: 550 5.1.1; `busy@`: 450 4.2.1; `panic@`: breaks;
 *   `full@`: taken at RCPT, 552 5.2.2 for the message
 * - HELO `refused.test`: 550 5.7.1
 * - login `alice` with `secret`; `broken` makes the check break
 */
import assert from "node:assert/strict";
import { makeAuthority, makeLeaf } from "#src/certificates/make_certificate.ts";
import type { Log } from "#src/log/log.ts";
import { listen } from "#src/net/listener.ts";
import { TlsContexts } from "#src/net/tls_contexts.ts";
import type {
  MailCommand,
  MessageSource,
  RcptCommand,
  SmtpBackend,
  SmtpBackendSession,
  SmtpSession,
  SmtpTransaction,
} from "#src/smtp/backend.ts";
import { SmtpError } from "#src/smtp/reply.ts";
import { SmtpServer } from "#src/smtp/server.ts";
import {
  DEFAULT_SMTP_SETTINGS,
  type SmtpSettings,
} from "#src/smtp/settings.ts";
import { FakeClock } from "#tests/support/fake_clock.ts";
import type { DialogServer, StartDialogServer } from "./dialog_server.ts";
import { unescape } from "./transcript.ts";

/** A message that was taken. */
interface Taken {
  readonly mail: MailCommand;
  readonly recipients: readonly RcptCommand[];
  readonly bytes: Uint8Array;
  readonly user: unknown;
}

/** What happened, for the lines that look at it. */
class Happenings {
  readonly taken: Taken[] = [];
  readonly logged: string[] = [];
  opened = 0;
  aborted = 0;
  ended = 0;
  #changed = Promise.withResolvers<void>();

  change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  /** Waits until the check does not throw; its own error after a while. */
  async until(check: () => void): Promise<void> {
    const timer = Promise.withResolvers<void>();
    const timeout = setTimeout(() => timer.resolve(), 10_000);
    let isOver = false;
    void timer.promise.then(() => isOver = true);
    try {
      while (true) {
        const { promise } = this.#changed;
        try {
          return check();
        } catch (error) {
          if (isOver) throw error;
        }
        const look = Promise.withResolvers<void>();
        const again = setTimeout(look.resolve, 20);
        await Promise.race([promise, timer.promise, look.promise]);
        clearTimeout(again);
      }
    } finally {
      clearTimeout(timeout);
      timer.resolve();
    }
  }
}

class MemoryTransaction implements SmtpTransaction {
  readonly id: string;
  readonly #happenings: Happenings;
  readonly #mail: MailCommand;
  readonly #user: unknown;
  readonly #recipients: RcptCommand[] = [];

  constructor(
    happenings: Happenings,
    session: SmtpSession,
    mail: MailCommand,
  ) {
    this.#happenings = happenings;
    this.#mail = mail;
    this.#user = session.user;
    this.id = `m${happenings.taken.length + 1}`;
  }

  async recipient(command: RcptCommand): Promise<void> {
    // A turn of its own, as any real backend takes.
    await Promise.resolve();
    const [local] = command.address.split("@");
    if (local === "unknown") {
      throw new SmtpError(550, "1.1", "No such mailbox here");
    }
    if (local === "busy") throw new SmtpError(450, "2.1", "Busy");
    if (local === "panic") throw new TypeError("recipient broke");
    this.#recipients.push(command);
  }

  async data(
    message: MessageSource,
  ): Promise<readonly (SmtpError | undefined)[]> {
    const [sender] = this.#mail.address.split("@");
    if (sender === "data-panic") throw new TypeError("data broke");
    if (sender === "deaf") throw new SmtpError(554, "7.1", "Not wanted");
    const bytes = message instanceof Uint8Array
      ? message
      : await new Response(message).bytes();
    this.#happenings.taken.push({
      mail: this.#mail,
      recipients: this.#recipients,
      bytes,
      user: this.#user,
    });
    this.#happenings.change();
    return this.#recipients.map(({ address }) =>
      address.startsWith("full@")
        ? new SmtpError(552, "2.2", "Mailbox full")
        : undefined
    );
  }

  abort(): Promise<void> {
    this.#happenings.aborted++;
    this.#happenings.change();
    return Promise.resolve();
  }
}

function memoryBackend(
  happenings: Happenings,
  settings: ReadonlyMap<string, string>,
): SmtpBackend {
  const session: SmtpBackendSession = {
    connect(): Promise<void> {
      if (settings.has("refuse_connect")) {
        throw new SmtpError(554, "7.1", "Go away");
      }
      if (settings.has("panic_connect")) throw new TypeError("connect broke");
      return Promise.resolve();
    },
    helo(session): Promise<void> {
      if (session.helo === "refused.test") {
        throw new SmtpError(550, "7.1", "Not with that name");
      }
      return Promise.resolve();
    },
    login(user, password): Promise<unknown> {
      if (user === "broken") throw new TypeError("login broke");
      return Promise.resolve(
        user === "alice" && password === "secret" ? user : undefined,
      );
    },
    async mail(session, command): Promise<SmtpTransaction> {
      await Promise.resolve();
      const [local] = command.address.split("@");
      if (local === "refused") throw new SmtpError(550, "7.1", "Not you");
      if (local === "panic") throw new TypeError("mail broke");
      return new MemoryTransaction(happenings, session, command);
    },
    end(): void {
      happenings.ended++;
      happenings.change();
    },
  };
  return {
    open(): SmtpBackendSession {
      happenings.opened++;
      return session;
    },
  };
}

/** Keeps lines, so that a test can look for what must not be in them. */
function memoryLog(lines: string[]): Log {
  const write = (event: string, fields?: unknown): void => {
    lines.push(
      `${event} ${
        JSON.stringify(
          fields,
          (_, value) =>
            value instanceof Error ? `${value.name}: ${value.message}` : value,
        )
      }`,
    );
  };
  const log: Log = {
    debug: write,
    info: write,
    warn: write,
    error: write,
    with: () => log,
  };
  return log;
}

const NUMBERS: Readonly<Record<string, keyof SmtpSettings>> = {
  max_message_size: "maxMessageBytes",
  max_recipients: "maxRecipients",
  greeting_delay: "greetingDelayMs",
};

function settingsOf(
  protocol: "smtp" | "lmtp",
  requireAuth: boolean,
  given: ReadonlyMap<string, string>,
  tls: TlsContexts,
): SmtpSettings {
  const numbers = Object.entries(NUMBERS).flatMap(([word, key]) => {
    const value = given.get(word);
    return value === undefined ? [] : [[key, Number.parseInt(value, 10)]];
  });
  return {
    ...DEFAULT_SMTP_SETTINGS,
    protocol,
    requireAuth,
    hostname: "mx.test",
    tls: given.get("tls_mode") === "off" ? undefined : tls,
    implicitTls: given.get("tls_mode") === "implicit",
    insecureAuth: given.has("insecure_auth"),
    strictLines: given.has("strict_lines"),
    bareLineEnds: given.get("bare_line_ends") === "normalise"
      ? "normalise"
      : "refuse",
    ...Object.fromEntries(numbers),
  };
}

const AUTHORITY = "Dialogue";

/** Starts one kind. */
function starter(
  protocol: "smtp" | "lmtp",
  options: { readonly requireAuth: boolean },
): StartDialogServer {
  return async (given) => {
    const clock = new FakeClock();
    const happenings = new Happenings();
    const authority = makeAuthority(AUTHORITY, Date.now(), 10);
    const leaf = makeLeaf(authority, ["localhost"], Date.now(), 10);
    const tls = new TlsContexts({
      get: () => Promise.resolve({ chain: leaf.certificate, key: leaf.key }),
      onChange: () => () => {},
    });
    await tls.start();
    const settings = settingsOf(protocol, options.requireAuth, given, tls);
    const server = new SmtpServer({
      settings,
      backend: memoryBackend(happenings, given),
      clock,
      log: memoryLog(happenings.logged),
      loginLimits: { mayTry: () => true, failed() {} },
      admit: () => given.has("refuse_source") ? undefined : () => {},
    });
    server.start();
    const listener = await listen(
      { host: "127.0.0.1", port: 0 },
      (socket) => server.accept(socket),
    );
    return {
      port: listener.address.port,
      authority: authority.certificate,
      implicitTls: settings.implicitTls,
      bytesRead(): number {
        const [connection] = server.connections;
        return connection?._socket.bytesRead ?? 0;
      },
      advance: (seconds) => clock.advance(seconds * 1000),
      directive: (word, rest) =>
        word === "sleeping"
          // The server's own loop sleeps as well.
          ? happenings.until(() => assert.ok(clock.sleeping >= 2))
          : directive(word, rest, happenings, server),
      async stop(): Promise<void> {
        await listener.close();
        await server.stop();
        tls.stop();
        const { opened } = happenings;
        await happenings.until(() => assert.equal(happenings.ended, opened));
      },
    } satisfies DialogServer;
  };
}

/** Lines that look at what the server has taken. */
async function directive(
  word: string,
  rest: string,
  happenings: Happenings,
  server: SmtpServer,
): Promise<void> {
  const { taken } = happenings;
  switch (word) {
    case "messages":
      return await happenings.until(() =>
        assert.equal(taken.length, Number.parseInt(rest, 10))
      );
    case "message": {
      const last = taken.at(-1);
      assert.ok(last, "no message was taken");
      const expected = unescape(rest, 0);
      const text = (bytes: Uint8Array): string => bytes.toHex();
      if (text(last.bytes) !== text(expected)) {
        const decoder = new TextDecoder();
        assert.equal(decoder.decode(last.bytes), decoder.decode(expected));
      }
      return;
    }
    case "bytes":
      assert.equal(taken.at(-1)?.bytes.length, Number.parseInt(rest, 10));
      return;
    case "envelope": {
      const last = taken.at(-1);
      assert.deepEqual(
        { mail: last?.mail, recipients: last?.recipients, user: last?.user },
        { user: undefined, ...JSON.parse(rest) },
      );
      return;
    }
    case "aborted":
      return await happenings.until(() =>
        assert.equal(happenings.aborted, Number.parseInt(rest, 10))
      );
    case "ended":
      return await happenings.until(() => assert.equal(happenings.ended, 1));
    case "not-logged":
      assert.ok(happenings.logged.length > 0, "nothing was logged");
      return assert.ok(!happenings.logged.join("\n").includes(rest));
    case "logged":
      return assert.ok(happenings.logged.some((line) => line.includes(rest)));
    case "drain":
      // Owned by `stop`, which ends what is left.
      void server.drain();
      return;
  }
  throw new Error(`Unknown line @${word}`);
}

/** By the word after `@server`. */
export const SMTP_SERVERS: Readonly<Record<string, StartDialogServer>> = {
  smtp: starter("smtp", { requireAuth: false }),
  submission: starter("smtp", { requireAuth: true }),
  lmtp: starter("lmtp", { requireAuth: false }),
};

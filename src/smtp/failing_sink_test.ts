/**
 * What clients see when the place where a message goes breaks in the middle of
 * it: a full disk, an error of the pipeline. What is left of the message must
 * never be run as commands.
 */
import assert from "node:assert/strict";
import { SILENT_LOG } from "#src/log/log.ts";
import { listen } from "#src/net/listener.ts";
import { FakeClock } from "#tests/support/fake_clock.ts";
import { LineClient } from "#tests/support/line_client.ts";
import type { MessageSource, SmtpBackend, SmtpTransaction } from "./backend.ts";
import type { SmtpError } from "./reply.ts";
import { SmtpServer } from "./server.ts";
import { DEFAULT_SMTP_SETTINGS, type SmtpSettings } from "./settings.ts";

/** Lines that would do harm as commands; the dots are stuffed already. */
const EVIL = [
  "RSET",
  "MAIL FROM:<evil@x.test>",
  "RCPT TO:<evil@y.test>",
  "DATA",
  "..",
  "BDAT 5 LAST",
  "QUIT",
  "",
].join("\r\n");

/** Larger than what is gathered, and than what a stream holds. */
const LARGE = EVIL.repeat(10_000);

/** Takes messages until it is told to break. */
class BreakableBackend implements SmtpBackend {
  /** Thrown after so many bytes; `undefined`: nothing breaks. */
  breaking: { readonly after: number; readonly error: unknown } | undefined;
  readonly senders: string[] = [];
  readonly recipients: string[] = [];
  readonly taken: number[] = [];
  aborted = 0;

  open(): ReturnType<SmtpBackend["open"]> {
    return {
      connect: () => Promise.resolve(),
      helo: () => Promise.resolve(),
      mail: (_session, { address }) => {
        this.senders.push(address);
        return Promise.resolve(this.#begin());
      },
      end() {},
    };
  }

  #begin(): SmtpTransaction {
    let count = 0;
    return {
      id: "m1",
      recipient: ({ address }) => {
        count++;
        this.recipients.push(address);
        return Promise.resolve();
      },
      data: async (message) => {
        const size = await this.#read(message);
        this.taken.push(size);
        return new Array<SmtpError | undefined>(count).fill(undefined);
      },
      abort: () => {
        this.aborted++;
        return Promise.resolve();
      },
    };
  }

  async #read(message: MessageSource): Promise<number> {
    const { after = Infinity, error } = this.breaking ?? {};
    if (after === 0) throw error;
    let size = 0;
    const pieces = message instanceof Uint8Array ? [message] : message;
    for await (const piece of pieces) {
      size += piece.length;
      if (size >= after) throw error;
    }
    if (this.breaking !== undefined) throw error;
    return size;
  }
}

async function withClient(
  settings: Partial<SmtpSettings>,
  run: (client: LineClient, backend: BreakableBackend) => Promise<void>,
): Promise<void> {
  const backend = new BreakableBackend();
  const server = new SmtpServer({
    settings: { ...DEFAULT_SMTP_SETTINGS, ...settings },
    backend,
    clock: new FakeClock(),
    log: SILENT_LOG,
    loginLimits: { mayTry: () => true, failed() {} },
    admit: () => () => {},
  });
  const listener = await listen(
    { host: "127.0.0.1", port: 0 },
    (socket) => server.accept(socket),
  );
  const client = await LineClient.connect(listener.address.port);
  try {
    assert.match(await client.line(), /^220 /);
    await client.send(
      settings.protocol === "lmtp" ? "LHLO c.test" : "EHLO c.test",
    );
    while ((await client.line()).startsWith("250-"));
    await run(client, backend);
  } finally {
    client.close();
    await listener.close();
    await server.stop();
  }
}

/** Sends all at once and gives as many replies as are expected. */
async function exchange(
  client: LineClient,
  text: string,
  expected: readonly RegExp[],
): Promise<void> {
  const sending = client.write(new TextEncoder().encode(text));
  for (const pattern of expected) assert.match(await client.line(), pattern);
  await sending;
}

const ENVELOPE =
  "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nRCPT TO:<c@y.test>\r\n";
const ENVELOPE_TAKEN = [/^250 2\.1\.0 /, /^250 2\.1\.5 /, /^250 2\.1\.5 /];
const START = [...ENVELOPE_TAKEN, /^354 /];
const DONE = /^250 2\.0\.0 Done$/;
const NO_ROOM = /^452 4\.3\.1 No room now \(reference [0-9a-f]{8}\)$/;
const BROKEN = /^451 4\.3\.0 Local error, .*\(reference [0-9a-f]{8}\)$/;
const SENT = /^250 2\.0\.0 Accepted as m1$/;

const FULL_DISK = Object.assign(
  new Error("No space left on device (os error 28)"),
  { code: "ENOSPC" },
);
const FAULTS: readonly (readonly [unknown, RegExp])[] = [
  [FULL_DISK, NO_ROOM],
  [new Error("wrapped", { cause: FULL_DISK }), NO_ROOM],
  [new TypeError("broke"), BROKEN],
  ["not even an error", BROKEN],
];
/** Bytes after which it breaks: at once, in the middle, at the end. */
const MOMENTS = [0, 1, 200_000, Infinity];

/** That the session goes on, and what the backend has seen of all. */
async function checkIntact(
  client: LineClient,
  backend: BreakableBackend,
): Promise<void> {
  const before = backend.senders.length;
  backend.breaking = undefined;
  const message = `Subject: after\r\n\r\n${LARGE}`;
  await exchange(client, `${ENVELOPE}DATA\r\n`, START);
  await exchange(client, `${message}.\r\nNOOP\r\n`, [SENT, DONE]);
  const stuffed = LARGE.split("\r\n..").length - 1;
  assert.deepEqual(backend.taken, [message.length - stuffed]);
  assert.equal(backend.senders.length, before + 1);
  assert.deepEqual(new Set(backend.senders), new Set(["a@x.test"]));
  assert.deepEqual(
    new Set(backend.recipients),
    new Set(["b@y.test", "c@y.test"]),
  );
}

Deno.test("DATA: a sink that breaks is answered behind the dot, once", async () => {
  for (const [error, reply] of FAULTS) {
    for (const after of MOMENTS) {
      for (const text of [LARGE, EVIL]) {
        await withClient({}, async (client, backend) => {
          backend.breaking = { after, error };
          await exchange(client, `${ENVELOPE}DATA\r\n`, START);
          await exchange(client, `${text}.\r\nNOOP\r\n`, [reply, DONE]);
          await checkIntact(client, backend);
        });
      }
    }
  }
});

Deno.test("DATA: no answer comes before the dot", () =>
  withClient({}, async (client, backend) => {
    backend.breaking = { after: 0, error: FULL_DISK };
    await exchange(client, `${ENVELOPE}DATA\r\n`, START);
    await exchange(client, LARGE, []);
    let isAnswered = false;
    const answer = client.line().then((line) => {
      isAnswered = true;
      return line;
    });
    await exchange(client, LARGE, []);
    assert.ok(!isAnswered);
    await client.send(".");
    assert.match(await answer, NO_ROOM);
    await checkIntact(client, backend);
  }));

Deno.test("DATA in LMTP: each recipient has its answer", () =>
  withClient({ protocol: "lmtp" }, async (client, backend) => {
    backend.breaking = { after: 200_000, error: FULL_DISK };
    await exchange(client, `${ENVELOPE}DATA\r\n`, START);
    await exchange(client, `${LARGE}.\r\nNOOP\r\n`, [NO_ROOM, NO_ROOM, DONE]);
  }));

Deno.test("DATA: a broken sink is no leave to send for ever", () =>
  withClient({ maxMessageBytes: 500_000 }, async (client, backend) => {
    backend.breaking = { after: 1, error: FULL_DISK };
    await exchange(client, `${ENVELOPE}DATA\r\n`, START);
    const sending = (async (): Promise<void> => {
      const bytes = new TextEncoder().encode(LARGE);
      try {
        for (let n = 0; n < 100; n++) await client.write(bytes);
      } catch {
        // The server has closed.
      }
    })();
    assert.match(await client.line(), /^552 5\.3\.4 /);
    await assert.rejects(client.line());
    await sending;
    assert.deepEqual(backend.senders, ["a@x.test"]);
  }));

Deno.test("BDAT: each chunk has one answer, all temporary, until RSET", async () => {
  for (const [error, reply] of FAULTS) {
    for (const after of MOMENTS) {
      await withClient({}, async (client, backend) => {
        backend.breaking = { after, error };
        // At the end only the last chunk can say so.
        const early = after === Infinity ? /^250 2\.0\.0 \d+ bytes / : reply;
        const chunks = `BDAT ${EVIL.length}\r\n${EVIL}` +
          `BDAT ${LARGE.length}\r\n${LARGE}` +
          `BDAT ${EVIL.length}\r\n${EVIL}` +
          `BDAT ${EVIL.length} LAST\r\n${EVIL}`;
        await exchange(client, `${ENVELOPE}${chunks}RSET\r\nNOOP\r\n`, [
          ...ENVELOPE_TAKEN,
          /^250 2\.0\.0 \d+ bytes received$/,
          early,
          early,
          reply,
          DONE,
          DONE,
        ]);
        await checkIntact(client, backend);
      });
    }
  }
});

Deno.test("BDAT in LMTP: the last chunk answers for each recipient", () =>
  withClient({ protocol: "lmtp" }, async (client, backend) => {
    backend.breaking = { after: 1, error: FULL_DISK };
    const chunks = `BDAT ${LARGE.length}\r\n${LARGE}` +
      `BDAT ${EVIL.length} LAST\r\n${EVIL}`;
    await exchange(client, `${ENVELOPE}${chunks}NOOP\r\n`, [
      ...ENVELOPE_TAKEN,
      /^250 2\.0\.0 \d+ bytes received$/,
      NO_ROOM,
      NO_ROOM,
      DONE,
    ]);
  }));

Deno.test("a client that goes away from a broken sink leaves nothing behind", () =>
  withClient({}, async (client, backend) => {
    backend.breaking = { after: 1, error: FULL_DISK };
    await exchange(client, `${ENVELOPE}BDAT ${LARGE.length}\r\n${LARGE}`, [
      ...ENVELOPE_TAKEN,
      NO_ROOM,
    ]);
    await exchange(client, "QUIT\r\n", [/^221 /]);
    await assert.rejects(client.line());
    assert.deepEqual(backend.taken, []);
    // `data` was called, so that nothing is left to abort.
    assert.equal(backend.aborted, 0);
  }));

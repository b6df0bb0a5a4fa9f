/** A client that stops reading costs a bounded buffer, and not for ever. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { FetchedMessage } from "#src/imap/backend.ts";
import { MailboxViews } from "#src/imap/mailbox_views.ts";
import { SessionLoop } from "#src/imap/session_loop.ts";
import { listen } from "#src/net/listener.ts";
import { SocketConnection } from "#src/net/socket_connection.ts";
import { ImapTestServer, message } from "#tests/support/imap_server.ts";
import { MemoryStorage } from "#tests/support/memory_storage.ts";

const MIB = 1024 * 1024;
const CHUNK = 64 * 1024;
/** What a FETCH would give, far more than the system buffers. */
const WHOLE = 256 * MIB;
/** The system's buffers of both ends, and ours. */
const MOST = 32 * MIB;

/** A store of which one message is long, or all are many. */
class LongStorage extends MemoryStorage {
  /** Bytes that were asked for. */
  pulled = 0;
  ended = 0;
  readonly #inline: boolean;

  constructor({ inline }: { readonly inline: boolean }) {
    super();
    this.#inline = inline;
  }

  override async *fetch(
    _mailbox: number,
    uids: Uint32Array,
  ): AsyncGenerator<readonly FetchedMessage[]> {
    const base = {
      flags: 0,
      modSeq: 1,
      internalDate: 0,
      headerBytes: 0,
      savedAt: 0,
      emailId: "",
      threadId: "",
      header: new Uint8Array(0),
    };
    try {
      if (!this.#inline) {
        yield [{ ...base, uid: uids[0] ?? 0, sizeBytes: WHOLE }];
        return;
      }
      const body = new Uint8Array(CHUNK);
      const one = { ...base, uid: uids[0] ?? 0, sizeBytes: CHUNK, body };
      for (let sent = 0; sent < WHOLE; sent += CHUNK) {
        this.pulled += CHUNK;
        yield await Promise.resolve([one]);
      }
    } finally {
      this.ended++;
    }
  }

  override open(): Promise<ReadableStream<Uint8Array>> {
    let left = WHOLE;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller): void => {
        if (left === 0) return controller.close();
        left -= CHUNK;
        this.pulled += CHUNK;
        controller.enqueue(new Uint8Array(CHUNK));
      },
      cancel: (): void => {
        this.ended++;
      },
    }, { highWaterMark: 0 });
    return Promise.resolve(stream);
  }
}

/** Runs a session on a socket whose client sends `FETCH` and is then `read`. */
async function withFetch(
  storage: LongStorage,
  writeTimeoutMs: number,
  read: (client: Socket, session: Promise<void>) => Promise<void>,
): Promise<void> {
  const server = new ImapTestServer({
    backend: storage,
    views: new MailboxViews(storage),
  });
  await storage.openAccount("alice");
  const accepted = Promise.withResolvers<Socket>();
  const listener = await listen(
    { host: "127.0.0.1", port: 0 },
    accepted.resolve,
  );
  const client = connect(listener.address.port, "127.0.0.1");
  const connection = new SocketConnection(
    await accepted.promise,
    undefined,
    { writeTimeoutMs },
  );
  const loop = new SessionLoop(server.services, connection, "test");
  const session = loop.run();
  try {
    const text = message("x");
    client.write(
      `a LOGIN alice secret\r\nb APPEND INBOX {${text.length}+}\r\n${text}\r\n` +
        "c SELECT INBOX\r\nd FETCH 1 BODY.PEEK[]\r\n",
    );
    await read(client, session);
  } finally {
    client.destroy();
    await session;
    await listener.close();
    await server.stop();
  }
}

for (const inline of [false, true]) {
  const what = inline ? "many messages" : "one long message";
  Deno.test(`a client that never reads ends at a deadline: ${what}`, () => {
    const storage = new LongStorage({ inline });
    return withFetch(storage, 200, async (_client, session) => {
      await session;
      assert.ok(storage.pulled > 0);
      assert.ok(storage.pulled < MOST, `${storage.pulled}`);
      assert.equal(storage.ended, inline ? 1 : 2);
    });
  });
}

Deno.test("a slow client gets every byte of a long literal", () =>
  withFetch(
    new LongStorage({ inline: false }),
    60_000,
    async (client, session) => {
      let bytes = 0;
      let tail = "";
      client.on("data", (chunk: Uint8Array) => {
        bytes += chunk.length;
        tail = (tail + new TextDecoder("latin1").decode(chunk.slice(-100)))
          .slice(-100);
        if (/\r\nd [^\r]*\r\n$/.test(tail)) client.write("e LOGOUT\r\n");
      });
      await once(client, "close");
      await session;
      assert.ok(bytes > WHOLE && bytes < WHOLE + 2_000, `${bytes}`);
    },
  ));

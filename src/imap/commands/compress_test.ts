/** COMPRESS and UNAUTHENTICATE, against a client that really compresses. */
import assert from "node:assert/strict";
import { SessionLoop } from "#src/imap/session_loop.ts";
import type { Connection } from "#src/net/connection.ts";
import { DeflateConnection } from "#src/net/deflate_connection.ts";
import { MemoryConnection } from "#src/net/memory_connection.ts";
import {
  type ImapTestServer,
  message,
  withImap,
} from "#tests/support/imap_server.ts";

const TIMEOUT_MS = 5000;

/** A client whose connection can be changed. */
class Client {
  connection: Connection;
  #text = "";

  constructor(connection: Connection) {
    this.connection = connection;
  }

  async send(text: string): Promise<void> {
    await this.connection.write(new TextEncoder().encode(text));
  }

  /** Everything up to the line that begins with `prefix`. */
  async until(prefix: string): Promise<string> {
    while (true) {
      const at = this.#text.indexOf(prefix);
      const end = at < 0 ? -1 : this.#text.indexOf("\r\n", at);
      if (end >= 0) {
        const all = this.#text.slice(0, end + 2);
        this.#text = this.#text.slice(end + 2);
        return all;
      }
      const chunk = await this.connection.read(TIMEOUT_MS);
      if (chunk === undefined) throw new Error(`The end: ${this.#text}`);
      this.#text += new TextDecoder().decode(chunk);
    }
  }

  async run(tag: string, command: string): Promise<string> {
    await this.send(`${tag} ${command}\r\n`);
    return await this.until(`${tag} `);
  }
}

async function withClient(
  server: ImapTestServer,
  run: (client: Client, plain: MemoryConnection) => Promise<void>,
): Promise<void> {
  const [near, far] = MemoryConnection.pair();
  const loop = new SessionLoop(server.services, far, "test");
  const serving = loop.run();
  const client = new Client(near);
  try {
    await client.until("* OK");
    await run(client, near);
  } finally {
    client.connection.destroy();
    await serving;
  }
}

Deno.test("after COMPRESS everything is compressed, literals too", () =>
  withImap((server) =>
    withClient(server, async (client, plain) => {
      assert.match(await client.run("a", "COMPRESS DEFLATE"), /a BAD/);
      assert.match(
        await client.run("a", "LOGIN alice secret"),
        /COMPRESS=DEFLATE/,
      );
      assert.match(await client.run("b", "COMPRESS LZMA"), /b NO \[CANNOT\]/);
      assert.match(await client.run("b", "COMPRESS DEFLATE"), /^b OK/);
      client.connection = new DeflateConnection(plain);
      const words = await client.run("c", "CAPABILITY");
      assert.doesNotMatch(words, /DEFLATE/);
      assert.match(
        await client.run("d", "COMPRESS DEFLATE"),
        /^d NO \[COMPRESSIONACTIVE\]/,
      );
      const text = message("x", "Hello\r\n".repeat(50_000));
      await client.send(`e APPEND INBOX {${text.length}}\r\n`);
      await client.until("+ ");
      await client.send(`${text}\r\n`);
      await client.until("e OK");
      await client.run("f", "SELECT INBOX");
      const fetched = await client.run("g", "FETCH 1 BODY.PEEK[]");
      assert.ok(fetched.includes(text));
      await client.send("h IDLE\r\n");
      await client.until("+ Idling");
      await client.send("DONE\r\n");
      await client.until("h OK");
      assert.match(await client.run("i", "LOGOUT"), /\* BYE/);
    })
  ));

Deno.test("bytes behind COMPRESS are not taken for compressed ones", () =>
  withImap((server) =>
    withClient(server, async (client) => {
      await client.run("a", "LOGIN alice secret");
      await client.send("b COMPRESS DEFLATE\r\nc NOOP\r\n");
      assert.match(await client.until("c "), /^b BAD .*\r\nc OK/);
    })
  ));

Deno.test("what is not DEFLATE ends the connection", () =>
  withImap((server) =>
    withClient(server, async (client, plain) => {
      await client.run("a", "LOGIN alice secret");
      await client.run("b", "COMPRESS DEFLATE");
      await plain.write(new Uint8Array([255, 255, 255, 255]));
      assert.equal(await plain.read(TIMEOUT_MS), undefined);
    })
  ));

Deno.test("UNAUTHENTICATE forgets all state", () =>
  withImap((server) =>
    withClient(server, async (client) => {
      assert.match(await client.run("a", "UNAUTHENTICATE"), /a BAD/);
      await client.run("a", "LOGIN alice secret");
      await client.run("b", "ENABLE IMAP4rev2 QRESYNC");
      await client.run("c", "SELECT INBOX");
      // Pipelined with the next login, as RFC 8437 section 3 allows.
      await client.send("d UNAUTHENTICATE\r\ne LOGIN bob secret\r\n");
      assert.match(await client.until("e "), /^d OK .*\r\ne OK \[CAPABILITY/);
      assert.match(await client.run("f", "FETCH 1 FLAGS"), /f BAD/);
      assert.match(await client.run("g", "SELECT INBOX"), /\* 0 RECENT/);
      await client.send("h APPEND INBOX {2+}\r\nx\n\r\n");
      await client.until("h OK");
      const fetched = await client.run("i", "FETCH 1 FLAGS");
      assert.match(fetched, /\* 1 FETCH \(FLAGS \(\\Recent\)\)/);
      assert.equal(server.services.sessionsOf.get("alice"), undefined);
      assert.match(await client.run("j", "ENABLE QRESYNC"), /ENABLED QRESYNC/);
    })
  ));

Deno.test("UNAUTHENTICATE ends the compression", () =>
  withImap((server) =>
    withClient(server, async (client, plain) => {
      await client.run("a", "LOGIN alice secret");
      await client.run("b", "COMPRESS DEFLATE");
      const compressed = new DeflateConnection(plain);
      client.connection = compressed;
      assert.match(await client.run("c", "UNAUTHENTICATE"), /^c OK/);
      assert.ok(compressed.release());
      client.connection = plain;
      assert.match(await client.run("d", "LOGIN bob secret"), /^d OK/);
      assert.match(await client.run("e", "COMPRESS DEFLATE"), /^e OK/);
      client.connection = new DeflateConnection(plain);
      assert.match(await client.run("f", "NOOP"), /^f OK/);
    })
  ));

Deno.test("commands behind a compressed UNAUTHENTICATE end the connection", () =>
  withImap((server) =>
    withClient(server, async (client, plain) => {
      await client.run("a", "LOGIN alice secret");
      await client.run("b", "COMPRESS DEFLATE");
      const compressed = new DeflateConnection(plain);
      client.connection = compressed;
      await client.send("c UNAUTHENTICATE\r\nd LOGIN bob secret\r\n");
      await client.until("c OK");
      compressed.release();
      client.connection = plain;
      assert.match(await client.until("* BYE"), /^\* BYE/);
      assert.equal(await plain.read(TIMEOUT_MS), undefined);
    })
  ));

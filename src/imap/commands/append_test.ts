/** APPEND that is refused half-way: no byte of a message is a command. */
import assert from "node:assert/strict";
import { LimitError } from "#src/errors/errors.ts";
import type { MessageSpool } from "#src/imap/message_spool.ts";
import { withImap } from "#tests/support/imap_server.ts";

/** Longer than what stays in memory; every line is a command. */
const EVIL = "x CREATE Evil\r\n".repeat(100_000);

/** Gives up after the first chunk, as where the disk is full. */
const FULL: MessageSpool = {
  take: async (source) => {
    for await (const chunk of source) {
      throw new LimitError("header", chunk.length);
    }
    throw new TypeError("nothing came");
  },
};

/** Ends the iteration without reading a byte. */
const CLOSED: MessageSpool = {
  take: () => Promise.reject(new LimitError("spool", 0)),
};

for (const [name, spool] of Object.entries({ FULL, CLOSED })) {
  for (const plus of ["", "+"]) {
    Deno.test(`a message given up half-way is read past: ${name} {n${plus}}`, () =>
      withImap(async (server) => {
        const c = await server.connect();
        await c.ok("LOGIN alice secret");
        await c.raw(`a APPEND INBOX {${EVIL.length}${plus}}\r\n`);
        if (plus === "") assert.match(await c.line(), /^\+ /);
        await c.raw(`${EVIL} {5+}\r\nagain\r\nb NOOP\r\n`);
        assert.match(await c.line(), /^a NO \[LIMIT\]/);
        assert.match(await c.line(), /^b OK/);
        assert.doesNotMatch(await c.ok('LIST "" *'), /Evil/);
      }, { spool }));
  }
}

Deno.test("a summary that fails leaves the stream in step", () =>
  withImap(async (server) => {
    const c = await server.connect();
    await c.ok("LOGIN alice secret");
    await c.raw("a APPEND INBOX {5+}\r\nfirst {15+}\r\nx CREATE Evil\r\n\r\n");
    assert.match(await c.line(), /^a NO/);
    assert.doesNotMatch(await c.ok('LIST "" *'), /Evil/);
  }, { summarize: () => Promise.reject(new LimitError("parts", 1)) }));

Deno.test("a line without end behind a literal ends the session", () =>
  withImap(async (server) => {
    const c = await server.connect();
    await c.ok("LOGIN alice secret");
    await c.raw(`a APPEND INBOX {5+}\r\nfirst${"x".repeat(70_000)}`);
    assert.match(await c.line(), /^\* BYE/);
    assert.ok(await c.ended());
  }));

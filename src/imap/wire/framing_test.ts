import assert from "node:assert/strict";
import { LimitError } from "#src/errors/errors.ts";
import { ConnectionClosed } from "#src/net/connection_errors.ts";
import { MemoryConnection } from "#src/net/memory_connection.ts";
import { COMMANDS } from "#src/imap/commands/index.ts";
import { VALID_COMMANDS } from "#tests/support/imap_commands.ts";
import { announcedLiteral, CommandReader, LiteralRefused } from "./framing.ts";

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

interface Pair {
  readonly client: MemoryConnection;
  readonly reader: CommandReader;
  continuations(): number;
}

function makePair(): Pair {
  const [client, far] = MemoryConnection.pair();
  let continuations = 0;
  const reader = new CommandReader(far, {
    beforeWait: () => Promise.resolve(),
    sendContinuation() {
      continuations++;
      return Promise.resolve();
    },
    patience: (timeoutMs) => timeoutMs,
    messageAfter: (name) => COMMANDS.get(name)?.messageAfter,
  });
  reader.loggedIn = true;
  return { client, reader, continuations: () => continuations };
}

/** What the reader makes of the chunks: commands up to the end. */
async function readAll(chunks: readonly Uint8Array[]): Promise<string[]> {
  const { client, reader } = makePair();
  for (const chunk of chunks) await client.write(chunk);
  client.destroy();
  const commands: string[] = [];
  while (true) {
    const command = await reader.next(1000);
    if (command === undefined) return commands;
    commands.push(textOf(command.bytes));
    if (command.pending !== undefined) {
      const size = Math.min(command.pending.size, 5);
      commands.push(textOf(await reader.literalBytes(size)));
      await reader.line(1000);
    }
  }
}

Deno.test("a cut at any byte changes nothing", async () => {
  for (const command of VALID_COMMANDS) {
    const isAppend = /(APPEND|REPLACE) .*5\+\}$/s.test(command);
    if (!isAppend && command.includes('APPEND "')) continue;
    const text = `${command}\r\n${isAppend ? "a\r\nbc\r\n" : ""}x NOOP\r\n`;
    const bytes = bytesOf(text);
    const whole = await readAll([bytes]);
    assert.equal(whole[0], command);
    assert.equal(whole.at(-1), "x NOOP");
    for (let cut = 1; cut < bytes.length; cut++) {
      const parts = [bytes.subarray(0, cut), bytes.subarray(cut)];
      assert.deepEqual(await readAll(parts), whole, `${command} at ${cut}`);
    }
  }
});

Deno.test("only synchronising literals are asked for", async () => {
  const { client, reader, continuations } = makePair();
  await client.write(bytesOf("a LOGIN {1}\r\nb {1+}\r\nc\r\n"));
  const command = await reader.next(1000);
  assert.equal(command && textOf(command.bytes), "a LOGIN {1}\r\nb {1+}\r\nc");
  assert.equal(continuations(), 1);
});

Deno.test("a line that is too long ends the reading", async () => {
  const { client, reader } = makePair();
  const write = client.write(bytesOf("a".repeat(70_000)));
  await assert.rejects(reader.next(1000), LimitError);
  client.destroy();
  await write;
});

Deno.test("literals beyond the bounds are refused before they are read", async () => {
  for (const size of ["102401", "9007199254740993", "9".repeat(400)]) {
    for (const plus of ["", "+"]) {
      const { client, reader, continuations } = makePair();
      await client.write(bytesOf(`a LOGIN {${size}${plus}}\r\n`));
      await assert.rejects(reader.next(1000), LiteralRefused);
      assert.equal(continuations(), 0);
      client.destroy();
    }
  }
});

Deno.test("before login a command has 8 KiB in all", async () => {
  const { client, reader } = makePair();
  reader.loggedIn = false;
  await client.write(bytesOf("a LOGIN {8192+}\r\n"));
  await assert.rejects(reader.next(1000), LiteralRefused);
  client.destroy();
});

Deno.test("the bytes of many literals are bounded together", async () => {
  const { client, reader } = makePair();
  const part = ` {102400+}\r\n${"x".repeat(102_400)}`;
  const write = client.write(bytesOf(`a SEARCH TEXT${part.repeat(11)}\r\n`));
  await assert.rejects(reader.next(1000), LiteralRefused);
  client.destroy();
  await write;
});

Deno.test("announcements of literals are read strictly", () => {
  const of = (text: string) => announcedLiteral(bytesOf(text));
  assert.deepEqual(of("a {5}"), {
    size: 5,
    synchronising: true,
    binary: false,
  });
  assert.deepEqual(of("a ~{0+}"), {
    size: 0,
    synchronising: false,
    binary: true,
  });
  for (const text of ["a {-1}", "a {}", "a {+}", "a {5 }", "a 5}", "a {5}x"]) {
    assert.equal(of(text), undefined, text);
  }
});

Deno.test("the end of the connection inside a command is an end", async () => {
  for (const text of ["a NOO", "a LOGIN {5+}\r\nali", "a LOGIN {1+}\r\na b"]) {
    const { client, reader } = makePair();
    await client.write(bytesOf(text));
    client.destroy();
    const outcome = await reader.next(1000).catch((error) => error);
    assert.ok(
      outcome === undefined || outcome instanceof ConnectionClosed,
      text,
    );
  }
});

Deno.test("messages of REPLACE are left unread, its mailbox is not", async () => {
  for (
    const line of [
      "a REPLACE 1 {3+}\r\nBox (\\Seen) {5+}",
      "a uid replace 1 {3+}\r\nBox ~{5+}",
      'a REPLACE 1 "a b" {5+}',
    ]
  ) {
    const { client, reader } = makePair();
    await client.write(bytesOf(`${line}\r\n12345\r\n`));
    const command = await reader.next(1000);
    assert.equal(command && textOf(command.bytes), line);
    assert.equal(command?.pending?.size, 5);
  }
});

/**
 * Mutated commands in every state of a connection: no crash, no fault of ours,
 * no endless answer. Seeded, so that a failure can be run again; `FUZZ_ROUNDS`
 * and `FUZZ_SEED` make it longer.
 */
import assert from "node:assert/strict";
import { WireSyntaxError } from "#src/errors/errors.ts";
import { COMMANDS } from "#src/imap/commands/index.ts";
import { ImapError } from "#src/imap/errors.ts";
import { Cursor } from "#src/imap/wire/cursor.ts";
import { VALID_COMMANDS } from "#tests/support/imap_commands.ts";
import {
  type ImapTestClient,
  message,
  withImap,
} from "#tests/support/imap_server.ts";

const ROUNDS = setting("FUZZ_ROUNDS", 20_000);
const SEED = setting("FUZZ_SEED", 7);

function setting(name: string, fallback: number): number {
  const value = Deno.env.get(name);
  return value === undefined ? fallback : Number.parseInt(value, 10);
}

type Pick = (below: number) => number;

function generator(seed: number): Pick {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Pieces that break parsers. */
const PIECES = [
  "(",
  ")",
  "((((((((",
  "{5}",
  "{0+}\r\n",
  "{99999999999999999999}",
  "{-1}",
  "~{3+}\r\nabc",
  '"',
  '"\\',
  "\\",
  "*",
  ":",
  "$",
  "NIL",
  "\0",
  "\x80\xff",
  "4294967296",
  "18446744073709551616",
  "<0.0>",
  "[",
  "]",
  " ",
  "  ",
  "\r",
  "&AOk",
  "RETURN",
  "UID",
  ",,",
  "%".repeat(50),
];

function mutate(text: string, pick: Pick): string {
  let result = text;
  for (let n = pick(4); n >= 0; n--) {
    const at = pick(result.length + 1);
    const piece = PIECES[pick(PIECES.length)] ?? "";
    switch (pick(5)) {
      case 0:
        result = result.slice(0, at) + piece + result.slice(at);
        break;
      case 1:
        result = result.slice(0, at) + result.slice(at + 1 + pick(5));
        break;
      case 2:
        result = result.slice(0, at) + String.fromCharCode(pick(256)) +
          result.slice(at + 1);
        break;
      case 3: {
        const other = VALID_COMMANDS[pick(VALID_COMMANDS.length)] ?? "";
        result = result.slice(0, at) + other.slice(pick(other.length));
        break;
      }
      case 4:
        result = result.slice(0, at) + result.slice(pick(at + 1));
    }
  }
  return result.slice(0, 4000);
}

function sample(pick: Pick): string {
  return mutate(VALID_COMMANDS[pick(VALID_COMMANDS.length)] ?? "", pick);
}

Deno.test("the grammar refuses mutated commands and never breaks", () => {
  const pick = generator(SEED);
  for (let round = 0; round < ROUNDS; round++) {
    const text = sample(pick);
    const cursor = new Cursor(
      Uint8Array.from(text, (char) => char.charCodeAt(0)),
    );
    try {
      cursor.tag();
      cursor.sp();
      let name = cursor.word();
      const uid = name === "UID" && cursor.trySp();
      if (uid) name = cursor.word();
      COMMANDS.get(name)?.prepare(cursor, { uid, utf8: pick(2) === 0 });
    } catch (error) {
      const isRefusal = error instanceof WireSyntaxError ||
        error instanceof ImapError;
      assert.ok(isRefusal, `round ${round}, ${JSON.stringify(text)}: ${error}`);
    }
  }
});

/** Brings a new connection into a state. */
type Prepare = (client: ImapTestClient) => Promise<unknown>;

const STATES: readonly (readonly [name: string, prepare: Prepare])[] = [
  ["not authenticated", () => Promise.resolve()],
  ["authenticated", (client) => client.ok("LOGIN alice secret")],
  ["selected", async (client) => {
    await client.ok("LOGIN alice secret");
    await client.append(message("x"));
    await client.ok("SELECT INBOX");
  }],
];

for (const [name, prepare] of STATES) {
  Deno.test(`mutated commands in state ${name} meet no fault of ours`, () =>
    withImap(async (server) => {
      const pick = generator(SEED + 1);
      for (let round = 0; round < ROUNDS / 40; round++) {
        const client = await server.connect();
        await prepare(client);
        const sent: string[] = [];
        for (let n = 0; n < 5; n++) sent.push(`${sample(pick)}\r\n`);
        // Ends whatever the server still waits for.
        const end = "\r\n*\r\nDONE\r\nzzz LOGOUT\r\n";
        const answers = client.rest();
        await client.raw(sent.join("") + end).catch(() => {});
        client.finish();
        const text = await answers;
        assert.doesNotMatch(text, /SERVERBUG/, JSON.stringify(sent));
      }
    }));
}

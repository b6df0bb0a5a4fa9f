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
import { fuzz, FUZZ_STATES, mutatedCommand } from "#tests/support/imap_fuzz.ts";
import { picker } from "#tests/support/mime_generator.ts";

const ROUNDS = setting("FUZZ_ROUNDS", 20_000);
const SEED = setting("FUZZ_SEED", 7);

function setting(name: string, fallback: number): number {
  const value = Deno.env.get(name);
  return value === undefined ? fallback : Number.parseInt(value, 10);
}

Deno.test("the grammar refuses mutated commands and never breaks", () => {
  const pick = picker(SEED);
  for (let round = 0; round < ROUNDS; round++) {
    const text = mutatedCommand(pick);
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

for (const state of FUZZ_STATES) {
  Deno.test(`mutated commands meet no fault of ours: ${state.name}`, async () => {
    const findings = await fuzz(state, { count: ROUNDS / 20, seed: SEED });
    assert.deepEqual(findings, []);
  });
}

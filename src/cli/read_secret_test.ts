import assert from "node:assert/strict";
import { CliError } from "./exit_code.ts";
import { SecretReader } from "./read_secret.ts";

/** Types the chunks; notes whether the terminal was left as it was. */
function typing(...chunks: string[]): { reader: SecretReader; raw: boolean[] } {
  const raw: boolean[] = [];
  const reader = new SecretReader({
    read(chunk) {
      const text = chunks.shift();
      if (text === undefined) return Promise.resolve(null);
      const bytes = new TextEncoder().encode(text);
      chunk.set(bytes);
      return Promise.resolve(bytes.length);
    },
    setRaw: (on) => raw.push(on),
  });
  return { reader, raw };
}

Deno.test("a secret ends with Enter, and can be corrected", async () => {
  const { reader, raw } = typing("ab", "\u00e9x\x7f\x7fc\r");
  assert.equal(await reader.read(), "abc");
  assert.deepEqual(raw, [true, false]);
  assert.equal(await typing("wrong\x15right\n").reader.read(), "right");
  assert.equal(await typing("\x7f\x7fa\x04").reader.read(), "a");
});

Deno.test("two lines pasted at once are two secrets", async () => {
  const { reader } = typing("one\rtwo\r");
  assert.equal(await reader.read(), "one");
  assert.equal(await reader.read(), "two");
});

Deno.test("Ctrl-C and the end of input leave the terminal as it was", async () => {
  for (const chunks of [["ab\x03c\r"], ["ab"], ["x".repeat(1024)]]) {
    const { reader, raw } = typing(...chunks);
    await assert.rejects(reader.read(), CliError);
    assert.deepEqual(raw, [true, false]);
  }
});

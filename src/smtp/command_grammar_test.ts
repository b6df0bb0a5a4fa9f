import assert from "node:assert/strict";
import {
  isMailbox,
  splitCommand,
  tryDecodeLine,
  tryDecodeXtext,
  tryParseDigits,
  tryParsePath,
  upperAscii,
} from "./command_grammar.ts";

Deno.test("lines take printable ASCII and UTF-8, every other byte refuses", () => {
  for (let byte = 0; byte < 256; byte++) {
    const line = tryDecodeLine(Uint8Array.of(0x61, byte));
    const isPrintable = byte >= 0x20 && byte < 0x7f;
    const expected = isPrintable ? `a${String.fromCharCode(byte)}` : undefined;
    assert.equal(line, expected, `byte ${byte}`);
  }
  assert.equal(tryDecodeLine(new TextEncoder().encode("ä€𝄞")), "ä€𝄞");
  for (
    const hidden of ["\u0085", "\u2028", "\u200b", "\ufeff", "\u202e", "\u2067"]
  ) {
    assert.equal(tryDecodeLine(new TextEncoder().encode(hidden)), undefined);
  }
});

Deno.test("only ASCII letters have capitals", () => {
  assert.equal(upperAscii("az\u017f\u212aß"), "AZ\u017f\u212aß");
  assert.deepEqual(splitCommand("noop  a b "), {
    verb: "NOOP",
    argument: "a b",
  });
});

Deno.test("paths are read with what follows them", () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ["FROM:<>", { address: "", parameters: [] }],
    ["from: <a@b>  X=1  Y", { address: "a@b", parameters: ["X=1", "Y"] }],
    ['FROM:<"a>b"@c>', { address: '"a>b"@c', parameters: [] }],
    ['FROM:<"a\\"b"@c>', { address: '"a\\"b"@c', parameters: [] }],
    ["FROM:<@a,@b:c@d>", { address: "c@d", parameters: [] }],
    ["FROM:a@b", undefined],
    ["FROM:<a@b", undefined],
    ["FROM:<a@b>X", undefined],
    ["FROM:<a@b>>", undefined],
    ["FROM:<<a@b>", undefined],
    ["FROM:<@a>", undefined],
    ["FROM:<@a,b:c@d>", undefined],
    ["FROM:", undefined],
    ["TO:<a@b>", undefined],
  ];
  for (const [text, expected] of cases) {
    assert.deepEqual(tryParsePath(text, "FROM:"), expected, text);
  }
});

Deno.test("mailboxes are bounded and take no strangers", () => {
  for (
    const good of ["a@b", "a.b+c@d-e.f", '"x y"@z', "a@[IPv6:::1]", "ü@ö.x"]
  ) {
    assert.ok(isMailbox(good), good);
  }
  const bad = ["", "@", "a@", "@b", "a b@c", "a@b c", "a@b.", "a@[x]", '"a@b'];
  for (const text of bad) assert.ok(!isMailbox(text), text);
  assert.ok(isMailbox(`${"a".repeat(249)}@b.cd`));
  assert.ok(!(isMailbox(`${"a".repeat(250)}@b.cd`)));
  assert.ok(!(isMailbox(`a@${"b".repeat(64)}.c`)));
});

Deno.test("numbers are digits and nothing else", () => {
  assert.equal(tryParseDigits("0"), 0);
  assert.equal(tryParseDigits("99999999999999999999"), Number.MAX_SAFE_INTEGER);
  for (const text of ["", "-1", "+1", "1e3", "0x10", " 1", "1 ", "１"]) {
    assert.equal(tryParseDigits(text), undefined, text);
  }
});

Deno.test("xtext decodes to printable ASCII or not at all", () => {
  assert.equal(tryDecodeXtext("a+2Bb+3D"), "a+b=");
  for (const text of ["+", "+2", "+2b", "+0A", "+7F", "+FF", "=", "a b", "ä"]) {
    assert.equal(tryDecodeXtext(text), undefined, text);
  }
});

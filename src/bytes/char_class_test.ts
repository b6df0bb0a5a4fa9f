import assert from "node:assert/strict";
import {
  hexValue,
  isAlpha,
  isAtext,
  isAttributeChar,
  isCtl,
  isDigit,
  isTokenChar,
  isWsp,
} from "./char_class.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";

/** The members as the RFCs list them. */
const CLASSES: readonly [string, (byte: number) => boolean, string][] = [
  ["atext", isAtext, LETTERS + DIGITS + "!#$%&'*+-/=?^_`{|}~"],
  ["token", isTokenChar, LETTERS + DIGITS + "!#$%&'*+-^_`{|}~."],
  ["attribute-char", isAttributeChar, LETTERS + DIGITS + "!#$&+-^_`{|}~."],
  ["WSP", isWsp, " \t"],
  ["DIGIT", isDigit, DIGITS],
  ["ALPHA", isAlpha, LETTERS],
];

Deno.test("character classes hold exactly the bytes of their RFC", () => {
  for (const [name, isIn, members] of CLASSES) {
    for (let byte = 0; byte < 256; byte++) {
      const expected = members.includes(String.fromCharCode(byte));
      assert.equal(isIn(byte), expected, `${name} ${byte}`);
    }
  }
  for (let byte = 0; byte < 256; byte++) {
    assert.equal(isCtl(byte), byte < 32 || byte === 127);
    const digit = "0123456789abcdef"
      .indexOf(String.fromCharCode(byte).toLowerCase());
    assert.equal(hexValue(byte), digit < 0 ? undefined : digit);
  }
  assert.ok(!isAtext(undefined));
  assert.equal(hexValue(undefined), undefined);
});

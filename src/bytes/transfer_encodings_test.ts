import assert from "node:assert/strict";
import { Base64Decoder, decodeBase64, encodeBase64 } from "./base64.ts";
import { concatBytes } from "./concat_bytes.ts";
import { decodeLatin1, encodeLatin1 } from "./latin1.ts";
import {
  decodeQuotedPrintable,
  QuotedPrintableDecoder,
} from "./quoted_printable.ts";

Deno.test("decodeBase64() takes canonical Base64 only", () => {
  for (let length = 0; length < 20; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 37);
    assert.deepEqual(decodeBase64(encodeBase64(bytes)), bytes);
  }
  for (
    const text of ["a", "ab", "abc", "ab=c", "=", "a b=", "ab==\n", "YR=="]
  ) {
    assert.equal(decodeBase64(text), undefined, text);
  }
});

interface Decoder {
  write(chunk: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

function inTwo(decoder: Decoder, bytes: Uint8Array, cut: number): string {
  return decodeLatin1(concatBytes([
    decoder.write(bytes.subarray(0, cut)),
    decoder.write(bytes.subarray(cut)),
    decoder.end(),
  ]));
}

const BASE64_CASES: readonly [string, string][] = [
  ["", ""],
  ["YWJj", "abc"],
  ["YWI=", "ab"],
  ["YQ==", "a"],
  ["YW\r\nJj\r\n", "abc"],
  ["YWI=YWI=", "abab"],
  ["YWI", "ab"],
  ["YQ", "a"],
  ["Y", ""],
  ["!Y-W_J.j\0", "abc"],
];

Deno.test("Base64Decoder reads every case cut anywhere", () => {
  for (const [text, expected] of BASE64_CASES) {
    const bytes = encodeLatin1(text);
    for (let cut = 0; cut <= bytes.length; cut++) {
      assert.equal(inTwo(new Base64Decoder(), bytes, cut), expected, text);
    }
  }
});

const QUOTED_CASES: readonly [string, string][] = [
  ["", ""],
  ["a=3Db", "a=b"],
  ["a=3db", "a=b"],
  ["a=\r\nb", "ab"],
  ["a=\nb", "ab"],
  ["a= \t\r\nb", "ab"],
  ["a  \r\nb", "a\r\nb"],
  ["a \t", "a"],
  ["a =20\r\nb", "a  \r\nb"],
  ["a=", "a"],
  ["a=4", "a=4"],
  ["a=zz", "a=zz"],
  ["a==41", "a=A"],
  ["a\rb", "a\rb"],
  ["a \rb", "a \rb"],
  ["\xff\0", "\xff\0"],
  [
    "If you believe that truth=3Dbeauty, then surely =\r\nmathematics",
    "If you believe that truth=beauty, then surely mathematics",
  ],
];

Deno.test("QuotedPrintableDecoder reads every case cut anywhere", () => {
  for (const [text, expected] of QUOTED_CASES) {
    const bytes = encodeLatin1(text);
    assert.equal(decodeLatin1(decodeQuotedPrintable(bytes)), expected);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const found = inTwo(new QuotedPrintableDecoder(), bytes, cut);
      assert.equal(found, expected, `${JSON.stringify(text)} at ${cut}`);
    }
  }
});

Deno.test("transfer decoders are linear on hostile input", () => {
  for (const seed of ["=", "= ", " ", "=\r", "==", "=4", "\t \r"]) {
    const bytes = encodeLatin1(seed.repeat(Math.floor(500_000 / seed.length)));
    const decoder = new QuotedPrintableDecoder();
    let length = 0;
    for (let at = 0; at < bytes.length; at += 1_000) {
      length += decoder.write(bytes.subarray(at, at + 1_000)).length;
    }
    assert.ok(length + decoder.end().length <= bytes.length);
  }
});

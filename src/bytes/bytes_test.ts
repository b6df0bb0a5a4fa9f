import assert from "node:assert/strict";
import {
  asciiBytes,
  asciiLower,
  asciiLowerBytes,
  asciiUpper,
  asciiUpperBytes,
  equalsIgnoreCase,
  isAscii,
  lowerByte,
} from "./ascii.ts";
import { ByteBuilder } from "./byte_builder.ts";
import { concatBytes } from "./concat_bytes.ts";
import { equalBytes } from "./equal_bytes.ts";
import { countByte, indexOfBytes, startsWithBytes } from "./index_of_bytes.ts";
import { decodeLatin1, encodeLatin1 } from "./latin1.ts";
import { parseDigits } from "./parse_digits.ts";
import {
  decodeUtf8,
  decodeUtf8Lossy,
  encodeUtf8,
  tryDecodeUtf8,
} from "./utf8.ts";

const ALL = Uint8Array.from({ length: 256 }, (_, i) => i);

Deno.test("case folding changes ASCII letters and nothing else", () => {
  for (const byte of ALL) {
    const isUpper = byte >= 65 && byte <= 90;
    assert.equal(lowerByte(byte), isUpper ? byte + 32 : byte);
  }
  const text = decodeLatin1(ALL);
  assert.equal(asciiLower(text), decodeLatin1(asciiLowerBytes(ALL)));
  assert.equal(asciiUpper(text), decodeLatin1(asciiUpperBytes(ALL)));
  assert.equal(asciiUpper("\u017felect \u00df"), "\u017fELECT \u00df");
  assert.equal(asciiLower("\u212a\u0130K"), "\u212a\u0130k");
  assert.deepEqual(asciiLowerBytes(ALL).length, 256);
});

Deno.test("equalsIgnoreCase() knows no Unicode", () => {
  assert.ok(equalsIgnoreCase(asciiBytes("SeLect"), "sElecT"));
  assert.ok(!equalsIgnoreCase(asciiBytes("select"), "selec"));
  assert.ok(!equalsIgnoreCase(asciiBytes("k"), "\u212a"));
  assert.ok(!equalsIgnoreCase(asciiBytes("@"), "`"));
  assert.ok(!equalsIgnoreCase(asciiBytes("["), "{"));
});

Deno.test("asciiBytes() and isAscii() draw the line at 128", () => {
  assert.ok(isAscii(ALL, 0, 128));
  assert.ok(!isAscii(ALL, 0, 129));
  assert.throws(() => asciiBytes("\u0080"), RangeError);
});

Deno.test("latin1 maps every byte to its own code point and back", () => {
  const text = decodeLatin1(ALL);
  for (let i = 0; i < 256; i++) assert.equal(text.charCodeAt(i), i);
  assert.deepEqual(encodeLatin1(text), ALL);
  assert.throws(() => encodeLatin1("\u0100"), RangeError);
  const large = new Uint8Array(100_000).fill(0xe9);
  assert.equal(decodeLatin1(large), "\u00e9".repeat(100_000));
  assert.equal(decodeLatin1(ALL, 0x41, 0x44), "ABC");
});

Deno.test("UTF-8 is strict where it says so and keeps its mark", () => {
  const broken = Uint8Array.of(0x61, 0xff);
  assert.throws(() => decodeUtf8(broken), TypeError);
  assert.equal(tryDecodeUtf8(broken), undefined);
  assert.equal(decodeUtf8Lossy(broken), "a\ufffd");
  const marked = Uint8Array.of(0xef, 0xbb, 0xbf, 0x61);
  assert.equal(decodeUtf8(marked), "\ufeffa");
  assert.equal(decodeUtf8Lossy(marked), "\ufeffa");
  assert.equal(tryDecodeUtf8(Uint8Array.of(0xed, 0xa0, 0x80)), undefined);
  assert.deepEqual(encodeUtf8("\u00fc"), Uint8Array.of(0xc3, 0xbc));
});

Deno.test("parseDigits() takes digits and nothing else", () => {
  const parse = (text: string, max = 4_294_967_295): number | undefined =>
    parseDigits(encodeLatin1(text), max);
  assert.equal(parse("0"), 0);
  assert.equal(parse("007"), 7);
  assert.equal(parse("4294967295"), 4_294_967_295);
  assert.equal(parse("9007199254740991", Number.MAX_SAFE_INTEGER), 2 ** 53 - 1);
  const wrong = [
    "",
    " 1",
    "1 ",
    "1e3",
    "0x10",
    "-1",
    "+1",
    "1.0",
    "12abc",
    "4294967296",
    "9".repeat(400),
  ];
  for (const text of wrong) assert.equal(parse(text), undefined, text);
  for (const byte of ALL) {
    const value = parseDigits(Uint8Array.of(byte), 9);
    assert.equal(value, byte >= 48 && byte <= 57 ? byte - 48 : undefined);
  }
});

Deno.test("indexOfBytes() finds what a search in text finds", () => {
  const texts = ["", "a", "aaab", "abababc", "\n--x\n--y", "aab"];
  const needles = ["", "a", "ab", "aab", "abc", "\n--", "b", "abababcd"];
  for (const text of texts) {
    for (const needle of needles) {
      for (let from = 0; from <= text.length; from++) {
        assert.equal(
          indexOfBytes(encodeLatin1(text), encodeLatin1(needle), from),
          text.indexOf(needle, from),
          `${text} ${needle} ${from}`,
        );
      }
      assert.equal(
        startsWithBytes(encodeLatin1(text), encodeLatin1(needle)),
        text.startsWith(needle),
      );
    }
  }
  assert.equal(countByte(encodeLatin1("a\nb\n\n"), 10), 3);
  assert.equal(countByte(encodeLatin1("a\nb\n\n"), 10, 2, 4), 1);
});

Deno.test("ByteBuilder grows and gives exactly what went in", () => {
  const builder = new ByteBuilder(1);
  let expected = "";
  for (let i = 0; i < 500; i++) {
    builder.ascii("x".repeat(i % 7)).number(i).byte(0x20).bytes(ALL);
    expected += "x".repeat(i % 7) + String(i) + " " + decodeLatin1(ALL);
  }
  assert.equal(builder.length, expected.length);
  assert.equal(decodeLatin1(builder.view()), expected);
  assert.equal(decodeLatin1(builder.finish()), expected);
  assert.equal(new ByteBuilder().finish().length, 0);
});

Deno.test("concatBytes() and equalBytes() agree", () => {
  const joined = concatBytes([ALL, new Uint8Array(0), ALL]);
  assert.equal(joined.length, 512);
  assert.ok(equalBytes(joined.subarray(256), ALL));
  assert.ok(!equalBytes(joined, ALL));
  assert.ok(!equalBytes(Uint8Array.of(1), Uint8Array.of(2)));
});

import assert from "node:assert/strict";
import { encodeLatin1 } from "#src/bytes/latin1.ts";
import { encodeUtf8 } from "#src/bytes/utf8.ts";
import { baseSubject } from "./base_subject.ts";
import { decodeCharset, normalCharset, openCharset } from "./charset.ts";
import { decodeHeaderText } from "./encoded_word.ts";
import { unfold } from "./field_value.ts";
import { parseMessageIds } from "./message_ids.ts";

/** RFC 2047 section 8 and what is seen in the field. */
const WORDS: readonly [string, string][] = [
  ["(=?ISO-8859-1?Q?a?=)", "(a)"],
  ["=?ISO-8859-1?Q?a?= b", "a b"],
  ["=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"],
  ["=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"],
  ["=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=", "ab"],
  ["=?ISO-8859-1?Q?a_b?=", "a b"],
  ["=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"],
  [
    "=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>",
    "Keith Moore <moore@cs.utk.edu>",
  ],
  ["=?ISO-8859-1?Q?Andr=E9?= Pirard", "Andr\u00e9 Pirard"],
  [
    "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
    "If you can read this you understand the example.",
  ],
  ["=?utf-8*en?q?a?=", "a"],
  // A character cut in two words.
  ["=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "\u00fc"],
  ["=?iso-8859-1?q?=80?=", "\u0080"],
  ["=?windows-1252?q?=80?=", "\u20ac"],
  ["=?utf-8?q?with space?=", "with space"],
  ["=?nonsense?q?=C3=BC?=", "\u00fc"],
  ["=?utf-8?x?a?=", "=?utf-8?x?a?="],
  ["=?utf-8?q?unclosed", "=?utf-8?q?unclosed"],
  ["=?utf-8?q", "=?utf-8?q"],
  ["=?", "=?"],
  ["=", "="],
  ["a=b=?c", "a=b=?c"],
  ["=??q?a?=", "=??q?a?="],
  ["=?utf-8?q??=", ""],
  ["=?utf-8?q?=zz?=", "=zz"],
  ["=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "\u65e5\u672c"],
];

Deno.test("decodeHeaderText() reads encoded words as RFC 2047 has them", () => {
  for (const [text, expected] of WORDS) {
    assert.equal(decodeHeaderText(encodeLatin1(text)), expected, text);
  }
});

Deno.test("decodeHeaderText() reads 8-bit headers", () => {
  assert.equal(decodeHeaderText(encodeUtf8("J\u00fcrgen")), "J\u00fcrgen");
  assert.equal(decodeHeaderText(encodeLatin1("J\u00fcrgen")), "J\u00fcrgen");
  assert.equal(
    decodeHeaderText(encodeUtf8("\u65e5 =?utf-8?q?a?=")),
    "\u65e5 a",
  );
});

Deno.test("decodeHeaderText() is linear on hostile input", () => {
  for (
    const seed of ["=?", "=?a?q?", "=?utf-8?q?a?= ", "=", "=?a?b?=?", " ?="]
  ) {
    const raw = encodeLatin1(seed.repeat(Math.floor(1_000_000 / seed.length)));
    assert.ok(decodeHeaderText(raw).length <= raw.length);
  }
});

Deno.test("unfold() takes line breaks out and leaves the white space", () => {
  const text = (raw: string): string =>
    new TextDecoder().decode(unfold(encodeLatin1(raw)));
  assert.equal(text(" a\r\n b\r\n\tc \r\n"), "a b\tc");
  assert.equal(text(" a\n b"), "a b");
  assert.equal(text("\r\n \r\n "), "");
  assert.equal(text(""), "");
});

Deno.test("charsets: true latin1, aliases, unknown ones", () => {
  const bytes = Uint8Array.of(0x80, 0xe9);
  assert.equal(decodeCharset(bytes, "ISO-8859-1"), "\u0080\u00e9");
  assert.equal(decodeCharset(bytes, "cp1252"), "\u20ac\u00e9");
  assert.equal(decodeCharset(bytes, "no-such"), "\u20ac\u00e9");
  assert.equal(decodeCharset(bytes, ""), "\u20ac\u00e9");
  assert.equal(decodeCharset(bytes, "utf-8"), "\ufffd\ufffd");
  assert.equal(decodeCharset(encodeUtf8("\ufeffa"), "utf-8"), "a");
  assert.equal(normalCharset(' "UTF8" '), "utf-8");
  const open = openCharset("utf-8");
  assert.equal(open.write(Uint8Array.of(0xc3)), "");
  assert.equal(open.write(Uint8Array.of(0xbc)) + open.end(), "\u00fc");
});

const SUBJECTS: readonly [string, string][] = [
  ["", ""],
  ["hello", "hello"],
  ["Re: hello", "hello"],
  ["RE: Re: re: hello", "hello"],
  ["Fwd: hello", "hello"],
  ["fw: hello", "hello"],
  ["re[2]: hello", "hello"],
  ["Re [a]: hello", "hello"],
  ["[list] Re: hello", "hello"],
  ["[list] hello", "hello"],
  ["[a] [b] Re: [c] hello", "hello"],
  ["[list]", "[list]"],
  ["hello (fwd)", "hello"],
  ["hello (FWD) (fwd) ", "hello"],
  ["[fwd: hello]", "hello"],
  ["Re: [Fwd: Re: hello]", "hello"],
  ["  a \t b  ", "a b"],
  ["Re:", ""],
  ["report: a", "report: a"],
  ["re: [unclosed", "[unclosed"],
  ["Re: [a] [b]", "[b]"],
];

Deno.test("baseSubject() follows RFC 5256 section 2.1", () => {
  for (const [subject, expected] of SUBJECTS) {
    assert.equal(baseSubject(subject), expected, subject);
  }
});

Deno.test("baseSubject() is bounded on hostile input", () => {
  for (
    const seed of ["[", "[a]", "re:", "(fwd)", "[fwd:", "[fwd:]", "] ", "re[a]"]
  ) {
    baseSubject(seed.repeat(100_000));
  }
});

Deno.test("parseMessageIds() reads what stands in angle brackets", () => {
  const ids = (text: string): readonly string[] =>
    parseMessageIds(encodeLatin1(text));
  assert.deepEqual(ids("<a@b> <c@d>\r\n <e@f>"), ["<a@b>", "<c@d>", "<e@f>"]);
  assert.deepEqual(ids("<a@b><a@b>"), ["<a@b>"]);
  assert.deepEqual(ids("<a\r\n @b>"), ["<a@b>"]);
  assert.deepEqual(ids("bob's message of Monday <a@b>"), ["<a@b>"]);
  assert.deepEqual(ids("<unclosed <a@b>"), ["<a@b>"]);
  assert.deepEqual(ids("<> < > a@b"), []);
  // Quotes that need not be there, or are never closed.
  assert.deepEqual(ids('<"a"@b> <a@b> <"a\\\\.\\"b"@c>'), [
    "<a@b>",
    '<a\\."b@c>',
  ]);
  assert.deepEqual(ids('<"a@b> <"" > <"a"b@c>'), ['<"a@b>', '<"a"b@c>']);
  assert.equal(ids(`<"${"\\".repeat(900)}@x>`).length, 1);
  assert.equal(ids("<".repeat(1_000_000) + ">").length, 0);
  const many = ids(
    Array.from({ length: 2_000 }, (_, i) => `<${i}@x>`).join(" "),
  );
  assert.equal(many.length, 500);
  assert.equal(many[0], "<0@x>");
  assert.equal(many.at(-1), "<1999@x>");
});

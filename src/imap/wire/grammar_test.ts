import assert from "node:assert/strict";
import { WireSyntaxError } from "#src/errors/errors.ts";
import { COMMANDS } from "#src/imap/commands/index.ts";
import { ImapError } from "#src/imap/errors.ts";
import { checkCharset } from "#src/imap/search_resolve.ts";
import { VALID_COMMANDS } from "#tests/support/imap_commands.ts";
import { Cursor } from "./cursor.ts";
import { parseDate, parseDateTime } from "./date_time.ts";
import { parseFetchItems } from "./fetch_grammar.ts";
import { parseFlag } from "./flag_grammar.ts";
import { mailboxName, newMailboxName } from "./mailbox_name.ts";
import { parseSearch } from "./search_grammar.ts";
import { parseSequenceSet } from "./sequence_set_grammar.ts";
import { encodeUtf7, tryDecodeUtf7 } from "./utf7.ts";
import {
  isAstringChar,
  isAtomChar,
  isListChar,
  isTagChar,
  upperAscii,
} from "./ascii.ts";

/** Name and wire form; the second is from RFC 3501 section 5.1.3. */
const UTF7_PAIRS = [
  ["INBOX", "INBOX"],
  [
    "~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e",
    "~peter/mail/&U,BTFw-/&ZeVnLIqe-",
  ],
  ["a&b", "a&-b"],
  ["\u{1f600}", "&2D3eAA-"],
  ["\u00c4pfel", "&AMQ-pfel"],
] as const;

function cursorOf(text: string): Cursor {
  return new Cursor(Uint8Array.from(text, (char) => char.charCodeAt(0)));
}

const NOT_UTF8 = false;

/** Parses as the loop does. */
function parse(text: string): void {
  const cursor = cursorOf(text);
  cursor.tag();
  cursor.sp();
  let name = cursor.word();
  const uid = name === "UID";
  if (uid) {
    cursor.sp();
    name = cursor.word();
  }
  const command = COMMANDS.get(name);
  if (command === undefined) throw new ImapError("BAD", "Unknown");
  command.prepare(cursor, { uid, utf8: false });
}

function isRefusal(error: unknown): boolean {
  return error instanceof WireSyntaxError || error instanceof ImapError;
}

Deno.test("every valid command parses, in any case of letters", () => {
  for (const command of VALID_COMMANDS) parse(command);
  parse("A uId fEtCh 1 (bOdY.pEeK[hEaDeR])");
});

Deno.test("every command has a valid sample", () => {
  const sampled = new Set(VALID_COMMANDS.map((command) => {
    const [, name, next] = command.split(" ");
    return name === "UID" ? next : name;
  }));
  for (const name of COMMANDS.keys()) assert.ok(sampled.has(name), name);
});

Deno.test("every prefix of a valid command parses or is refused", () => {
  for (const command of VALID_COMMANDS) {
    for (let end = 0; end < command.length; end++) {
      try {
        parse(command.slice(0, end));
      } catch (error) {
        assert.ok(isRefusal(error), `${command.slice(0, end)}: ${error}`);
      }
    }
  }
});

Deno.test("a byte too many is refused", () => {
  for (const command of VALID_COMMANDS) {
    // Read on by the command as it comes: `append_reader.ts`.
    if (command.includes("CATENATE")) continue;
    for (const extra of ["\0", "\r", "\n", ")", " x(", "\x80"]) {
      assert.throws(() => parse(command + extra), isRefusal, command + extra);
    }
  }
});

Deno.test("letters of other alphabets are no command words", () => {
  assert.throws(() => parse("a \u017fELECT INBOX".replace("\u017f", "\xc5")));
  assert.equal(upperAscii("\u017felect"), "\u017fELECT");
});

Deno.test("character classes hold exactly the bytes of RFC 9051", () => {
  const atomSpecials = new Set([...'(){ %*"\\]'].map((c) => c.charCodeAt(0)));
  for (let byte = 0; byte < 256; byte++) {
    const isChar = byte > 0x20 && byte < 0x7f;
    const isAtom = isChar && !atomSpecials.has(byte);
    assert.equal(isAtomChar(byte), isAtom, `atom ${byte}`);
    assert.equal(isAstringChar(byte), isAtom || byte === 0x5d);
    const isWildcard = byte === 0x25 || byte === 0x2a;
    assert.equal(isListChar(byte), isAtom || byte === 0x5d || isWildcard);
    assert.equal(isTagChar(byte), (isAtom || byte === 0x5d) && byte !== 0x2b);
  }
});

Deno.test("numbers are digits within their range", () => {
  assert.equal(cursorOf("4294967295").number(), 4294967295);
  for (const text of ["4294967296", "", "-1", "0x10", "99999999999999999999"]) {
    const cursor = cursorOf(text);
    assert.throws(
      () => {
        cursor.number();
        cursor.end();
      },
      WireSyntaxError,
      text,
    );
  }
  assert.throws(() => cursorOf("0").nzNumber(), WireSyntaxError);
  assert.throws(() => cursorOf("01").nzNumber(), WireSyntaxError);
});

Deno.test("nesting beyond the bound is refused, not overflowed", () => {
  const deep = "(".repeat(100_000);
  assert.throws(() => parse(`a SEARCH ${deep}`), WireSyntaxError);
  assert.throws(() => parse(`a SEARCH ${"NOT ".repeat(60_000)}ALL`), isRefusal);
  assert.throws(() => parse(`a SEARCH ${"OR ".repeat(60_000)}ALL`), isRefusal);
  assert.throws(() => parse(`a FETCH 1 ${deep}`), WireSyntaxError);
  assert.throws(
    () => parse(`a FETCH 1 BODY[${"1.".repeat(1000)}1]`),
    WireSyntaxError,
  );
});

Deno.test("a set of many ranges parses, one with too many is refused", () => {
  const ranges = Array.from({ length: 100_000 }, (_, n) => n * 2 + 1);
  const set = parseSequenceSet(cursorOf(ranges.join(",")));
  assert.equal(set.kind === "ranges" && set.ranges.length, 100_000);
  ranges.push(300_000);
  assert.throws(() => parseSequenceSet(cursorOf(ranges.join(","))));
});

Deno.test("modified UTF-7 takes each name in its one form", () => {
  for (const [name, wire] of UTF7_PAIRS) {
    assert.equal(encodeUtf7(name), wire);
    assert.equal(tryDecodeUtf7(wire), name);
  }
  for (
    const bad of ["&", "&AOk", "&AGE-", "&AOk-&AOk-", "&2D0-", "a\x80", "&!-"]
  ) {
    assert.equal(tryDecodeUtf7(bad), undefined, bad);
  }
});

Deno.test("INBOX is folded, other names are not", () => {
  const name = (text: string): string =>
    mailboxName(new TextEncoder().encode(text), NOT_UTF8);
  assert.equal(name("inBox"), "INBOX");
  assert.equal(name("inbox/a"), "INBOX/a");
  assert.equal(name("Inboxes"), "Inboxes");
  assert.equal(name("e\u0301"), "\u00e9");
  assert.equal(newMailboxName("a/b/"), "a/b");
  for (const bad of ["", "/", "a//b", "/a", "a\u0007", "a*", "x/".repeat(40)]) {
    assert.throws(() => newMailboxName(bad), ImapError, bad);
  }
});

Deno.test("dates have to be in the calendar", () => {
  const date = parseDateTime(cursorOf('"17-Jul-1996 02:44:25 -0700"'));
  assert.equal(date, Date.UTC(1996, 6, 17, 9, 44, 25));
  assert.deepEqual(parseDate(cursorOf("29-feb-2024")), {
    year: 2024,
    month: 2,
    day: 29,
  });
  for (const bad of ["29-Feb-2023", "0-Jan-2000", "1-Foo-2000", "1-Jan-20"]) {
    assert.throws(() => parseDate(cursorOf(bad)), WireSyntaxError, bad);
  }
  for (
    const bad of ["31-Nov-2000 00:00:00 +0000", " 1-Jan-2000 24:00:00 +0000"]
  ) {
    assert.throws(() => parseDateTime(cursorOf(`"${bad}"`)), WireSyntaxError);
  }
});

Deno.test("flags: system flags in one spelling, unknown ones refused", () => {
  assert.equal(parseFlag(cursorOf("\\sEEN")), "\\Seen");
  assert.equal(parseFlag(cursorOf("$MDNSent")), "$MDNSent");
  assert.throws(() => parseFlag(cursorOf("\\Recent")), WireSyntaxError);
  assert.throws(() => parseFlag(cursorOf("\\Bogus")), WireSyntaxError);
});

Deno.test("sections keep the spelling of the client in their label", () => {
  const [item] = parseFetchItems(
    cursorOf("body.peek[1.2.header.fields.not (FROM x]y)]<7.5>"),
  );
  assert.ok(item?.kind === "section");
  assert.equal(item.label, 'BODY[1.2.HEADER.FIELDS.NOT (FROM "x]y")]');
  assert.deepEqual(item.part, [1, 2]);
  assert.deepEqual(item.fields, ["from", "x]y"]);
  assert.deepEqual(item.partial, { offset: 7, count: 5 });
  assert.ok(!item.marksSeen);
});

Deno.test("texts are read in the charset of the command", () => {
  const texts = [
    ["KOI8-R", "\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"],
    ["iso-8859-1", "caf\xe9", "café"],
    ["UTF-8", "caf\xc3\xa9", "café"],
    ["Shift_JIS", "\x93\xfa\x96{", "日本"],
  ] as const;
  for (const [charset, bytes, text] of texts) {
    const { root } = parseSearch(
      cursorOf(`CHARSET ${charset} TEXT {${bytes.length}}\r\n${bytes}`),
    );
    assert.deepEqual(root, { kind: "text", text });
  }
  const broken = "CHARSET UTF-8 TEXT {1}\r\n\xe9";
  assert.throws(() => parseSearch(cursorOf(broken)), WireSyntaxError);
});

Deno.test("PARTIAL goes from either end, and not with ALL", () => {
  const partialOf = (text: string): unknown =>
    parseSearch(cursorOf(`RETURN (${text}) ALL`)).partial;
  assert.deepEqual(partialOf("PARTIAL 1:500"), { from: 1, to: 500 });
  assert.deepEqual(partialOf("PARTIAL -1:-100"), { from: -1, to: -100 });
  for (
    const bad of ["PARTIAL 0:5", "PARTIAL -1:5", "PARTIAL 5", "PARTIAL *:5"]
  ) {
    assert.throws(() => partialOf(bad), bad);
  }
  assert.throws(() => partialOf("ALL PARTIAL 1:5"), ImapError);
});

Deno.test("a charset that is not known is noted, and its texts are not read", () => {
  const text = "CHARSET X-UNKNOWN TEXT {1}\r\n\xff";
  const program = parseSearch(cursorOf(text));
  assert.ok(!program.isCharsetKnown);
  assert.throws(
    () => checkCharset(program),
    (error) =>
      error instanceof ImapError &&
      error.responseCode === "BADCHARSET (US-ASCII UTF-8)",
  );
});

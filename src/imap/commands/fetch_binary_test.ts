/** BINARY of RFC 3516, and the other items of newer RFCs. */
import assert from "node:assert/strict";
import { encodeBase64 } from "#src/bytes/base64.ts";
import { message, withImap } from "#tests/support/imap_server.ts";

/** Bytes of every value. */
function noise(size: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function lines(base64: string): string {
  return (base64.match(/.{1,76}/g) ?? []).join("\r\n");
}

const BIG = noise(200_000);
const PARTS = [
  "From: a@b.test",
  "MIME-Version: 1.0",
  "Content-Type: multipart/mixed; boundary=o",
  "",
  "--o",
  "Content-Type: text/plain; charset=utf-8",
  "Content-Transfer-Encoding: Quoted-Printable",
  "",
  "gr=C3=BCn=",
  "e Wiese",
  "--o",
  "Content-Type: application/octet-stream",
  "Content-Transfer-Encoding: base64",
  "",
  "AAEC/w==",
  "--o",
  "Content-Type: application/octet-stream",
  "Content-Transfer-Encoding: x-uuencode",
  "",
  "#`0``",
  "--o",
  "Content-Type: text/plain",
  "",
  "as it is",
  "--o--",
  "",
];
const SMALL = PARTS.join("\r\n");
const LARGE = PARTS.with(14, lines(encodeBase64(BIG))).join("\r\n");

for (const [name, text] of [["small", SMALL], ["large", LARGE]] as const) {
  const content = latin1(name === "small" ? noise(0) : BIG);
  const second = name === "small" ? "\x00\x01\x02\xff" : content;
  Deno.test(`BINARY gives decoded content of a ${name} message`, () =>
    withImap(async (server) => {
      const c = await server.connect();
      await c.ok("LOGIN alice secret");
      await c.append(text);
      await c.ok("EXAMINE INBOX");
      assert.equal(
        await c.ok("FETCH 1 (BINARY[1] BINARY.SIZE[1])"),
        "* 1 FETCH (BINARY[1] {12}\r\ngr\xc3\xbcne Wiese BINARY.SIZE[1] 12)\r\n" +
          "T4 OK Fetched\r\n",
      );
      const size = second.length;
      assert.equal(
        await c.ok("FETCH 1 (BINARY.PEEK[2] BINARY.SIZE[2])"),
        `* 1 FETCH (BINARY[2] ~{${size}}\r\n${second} BINARY.SIZE[2] ${size})` +
          "\r\nT5 OK Fetched\r\n",
      );
      // Where there is no NUL in what is asked for, a literal will do.
      assert.equal(
        await c.ok("FETCH 1 BINARY[2]<1.3>"),
        `* 1 FETCH (BINARY[2]<1> {3}\r\n${second.slice(1, 4)})\r\n` +
          "T6 OK Fetched\r\n",
      );
      const far = size - 2;
      assert.match(
        await c.ok(`FETCH 1 BINARY[2]<${far}.9>`),
        new RegExp(`<${far}> \\{2\\}\r\n`),
      );
      assert.match(await c.ok("FETCH 1 BINARY[2]<999999.9>"), /> \{0\}\r\n\)/);
      assert.match(
        await c.ok("FETCH 1 BINARY[4]"),
        /\[4\] \{8\}\r\nas it is\)/,
      );
      assert.match(await c.ok("FETCH 1 BINARY[5]"), /BINARY\[5\] NIL/);
      assert.match(await c.ok("FETCH 1 BINARY.SIZE[5]"), /\.SIZE\[5\] 0/);
      assert.match(
        await c.run("FETCH 1 BINARY[3]"),
        /^T\d+ NO \[UNKNOWN-CTE\]/,
      );
      const whole = await c.ok("FETCH 1 (BINARY[] BINARY.SIZE[])");
      assert.ok(whole.includes(`BINARY[] {${text.length}}\r\n${text} `));
      assert.ok(whole.includes(`BINARY.SIZE[] ${text.length})`));
    }));
}

Deno.test("BINARY marks as seen, BINARY.PEEK and BINARY.SIZE do not", () =>
  withImap(async (server) => {
    const c = await server.connect();
    await c.ok("LOGIN alice secret");
    await c.append(SMALL);
    await c.ok("SELECT INBOX");
    await c.ok("FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[2])");
    await c.run("FETCH 1 BINARY[3]");
    assert.match(await c.ok("FETCH 1 FLAGS"), /FLAGS \(\\Recent\)/);
    assert.match(await c.ok("FETCH 1 BINARY[1]"), /FLAGS \(\\Seen \\Recent\)/);
  }));

Deno.test("BINARY takes a section in brackets", () =>
  withImap(async (server) => {
    const c = await server.connect();
    await c.ok("LOGIN alice secret");
    await c.append(SMALL);
    await c.ok("SELECT INBOX");
    for (
      const item of [
        "BINARY",
        "BINARY[MIME]",
        "BINARY[HEADER.FIELDS ()]",
        "BINARY.SIZE[HEADER]<0.5>",
        "BINARY.SIZE[1]<0.5>",
        "BINARY.X[1]",
        "BINARY[0]",
      ]
    ) assert.match(await c.run(`FETCH 1 ${item}`), /^T\d+ BAD /, item);
  }));

Deno.test("PREVIEW, SAVEDATE, EMAILID and THREADID are told", () =>
  withImap(async (server) => {
    const c = await server.connect();
    await c.ok("LOGIN alice secret");
    await c.append(message("x", "Some \xe9 text\r\n"));
    await c.append(message("y", "Hello there\r\n"));
    await c.ok("SELECT INBOX");
    assert.match(
      await c.ok("FETCH 2 (PREVIEW (LAZY) EMAILID THREADID)"),
      /^\* 2 FETCH \(PREVIEW "Hello there" EMAILID \(M2\) THREADID \(T2\)\)\r\n/,
    );
    assert.match(
      await c.ok("FETCH 1 PREVIEW (LAZY)"),
      /PREVIEW \{\d+\}\r\nSome/,
    );
    assert.match(
      await c.ok("FETCH 1:2 PREVIEW (CHANGEDSINCE 9999)"),
      /^\* OK \[HIGHESTMODSEQ \d+\] Highest\r\nT\d+ OK/,
    );
    assert.match(
      await c.ok("UID FETCH 2 SAVEDATE"),
      /^\* 2 FETCH \(UID 2 SAVEDATE "[ \d]\d-\w{3}-\d{4} [\d:]{8} \+0000"\)/,
    );
    assert.match(await c.run("FETCH 1 PREVIEW (SOON)"), /^T\d+ BAD /);
  }));

Deno.test("MAILBOXID is told by CREATE, SELECT and STATUS, and stays", () =>
  withImap(async (server) => {
    const c = await server.connect();
    await c.ok("LOGIN alice secret");
    assert.match(await c.ok("CREATE Box"), /OK \[MAILBOXID \(F2\)\]/);
    await c.ok("RENAME Box Bag");
    assert.match(await c.ok("SELECT Bag"), /\* OK \[MAILBOXID \(F2\)\]/);
    assert.match(
      await c.ok("STATUS Bag (MAILBOXID MESSAGES)"),
      /\* STATUS "Bag" \(MAILBOXID \(F2\) MESSAGES 0\)/,
    );
    assert.match(
      await c.ok('LIST "" Bag RETURN (STATUS (MAILBOXID))'),
      /\* STATUS "Bag" \(MAILBOXID \(F2\)\)/,
    );
  }));

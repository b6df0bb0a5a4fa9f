import assert from "node:assert/strict";
import { StorageError } from "#src/errors/errors.ts";
import { INLINE_BODY_BYTES } from "#src/imap/limits.ts";
import { message, withImap } from "#tests/support/imap_server.ts";

/** A message of two parts, the second of them a message of two parts. */
const NESTED = [
  "From: a@b.test",
  "Subject: outer",
  "MIME-Version: 1.0",
  "Content-Type: multipart/mixed; boundary=o",
  "",
  "preamble",
  "--o",
  "Content-Type: text/plain",
  "X-Part: one",
  "",
  "first",
  "--o",
  "Content-Type: message/rfc822",
  "",
  "Subject: inner",
  "To: c@d.test",
  "MIME-Version: 1.0",
  "Content-Type: multipart/alternative; boundary=i",
  "",
  "--i",
  "Content-Type: text/plain",
  "",
  "inner plain",
  "--i",
  "Content-Type: text/html",
  "",
  "<b>inner</b>",
  "--i--",
  "--o--",
  "",
].join("\r\n");

/** The literal after the label. */
function literal(answer: string, label: string): string | undefined {
  const at = answer.indexOf(`${label} {`);
  if (at < 0) return undefined;
  const from = answer.indexOf("{", at);
  const size = Number.parseInt(answer.slice(from + 1), 10);
  const start = answer.indexOf("\r\n", from) + 2;
  return answer.slice(start, start + size);
}

Deno.test("FETCH gives every section of a nested message", () =>
  withImap(async (server) => {
    const c = await server.connect();
    await c.ok("LOGIN alice secret");
    await c.append(NESTED);
    await c.ok("SELECT INBOX");
    const expected: [section: string, bytes: string | undefined][] = [
      ["", NESTED],
      ["HEADER", NESTED.slice(0, NESTED.indexOf("preamble"))],
      ["TEXT", NESTED.slice(NESTED.indexOf("preamble"))],
      ["1", "first"],
      ["1.MIME", "Content-Type: text/plain\r\nX-Part: one\r\n\r\n"],
      ["2.MIME", "Content-Type: message/rfc822\r\n\r\n"],
      [
        "2.HEADER",
        NESTED.slice(
          NESTED.indexOf("Subject: inner"),
          NESTED.indexOf("--i\r\n"),
        ),
      ],
      [
        "2.TEXT",
        NESTED.slice(NESTED.indexOf("--i\r\n"), NESTED.indexOf("\r\n--o--")),
      ],
      ["2.1", "inner plain"],
      ["2.2", "<b>inner</b>"],
      ["2.2.MIME", "Content-Type: text/html\r\n\r\n"],
      ["2.HEADER.FIELDS (to x)", "To: c@d.test\r\n\r\n"],
      ["HEADER.FIELDS (x-none)", "\r\n"],
      [
        "HEADER.FIELDS.NOT (From MIME-Version Content-Type)",
        "Subject: outer\r\n\r\n",
      ],
      ["3", undefined],
      ["1.1", undefined],
      ["1.HEADER", undefined],
      ["2.1.1", undefined],
    ];
    for (const [section, bytes] of expected) {
      const label = `BODY[${section}]`;
      const answer = await c.ok(`FETCH 1 BODY.PEEK[${section}]`);
      assert.equal(literal(answer, label), bytes, answer);
      if (bytes === undefined) {
        assert.ok(answer.includes(`${label} NIL)`), answer);
        continue;
      }
      const part = await c.ok(`FETCH 1 BODY.PEEK[${section}]<2.4>`);
      assert.equal(literal(part, `${label}<2>`), bytes.slice(2, 6), part);
      const beyond = await c.ok(`FETCH 1 BODY.PEEK[${section}]<99999.4>`);
      assert.equal(literal(beyond, `${label}<99999>`), "", beyond);
    }
  }));

Deno.test("FETCH of the one part of a plain message gives its body", () =>
  withImap(async (server) => {
    const c = await server.select();
    await c.append(message("x", "text\r\n"));
    const answer = await c.ok("FETCH 1 (BODY.PEEK[1] BODY.PEEK[1.MIME])");
    assert.equal(literal(answer, "BODY[1]"), "text\r\n");
    assert.equal(literal(answer, "BODY[1.MIME]"), message("x", ""));
    assert.match(await c.ok("FETCH 1 BODY.PEEK[2]"), /BODY\[2\] NIL/);
  }));

Deno.test("FETCH of a body sets \\Seen, tells it, and PEEK does not", () =>
  withImap(async (server) => {
    const c = await server.select();
    await c.append(message("x"));
    assert.doesNotMatch(await c.ok("FETCH 1 BODY.PEEK[TEXT]"), /Seen/);
    assert.doesNotMatch(await c.ok("FETCH 1 RFC822.HEADER"), /Seen/);
    assert.match(
      await c.ok("FETCH 1 RFC822.TEXT"),
      /FLAGS \(\\Seen \\Recent\)/,
    );
    assert.doesNotMatch(await c.ok("FETCH 1 RFC822"), /FLAGS/);
    await c.append(message("y"));
    await c.ok("EXAMINE INBOX");
    await c.ok("FETCH 2 BODY[]");
    assert.doesNotMatch(await c.ok("FETCH 2 FLAGS"), /Seen/);
  }));

Deno.test("FETCH streams a large message and its parts unchanged", () =>
  withImap(async (server) => {
    const c = await server.select();
    const body = Array.from({ length: 30_000 }, (_, n) => `line ${n}\r\n`)
      .join("");
    const whole = message("large", body);
    await c.append(whole);
    const answer = await c.ok(
      "FETCH 1 (BODY.PEEK[] BODY.PEEK[TEXT]<100.200000>)",
    );
    assert.equal(literal(answer, "BODY[]"), whole);
    assert.equal(literal(answer, "BODY[TEXT]<100>"), body.slice(100, 200_100));
  }));

Deno.test("a message over the bound of memory is spooled and stored unchanged", () =>
  withImap(async (server) => {
    const c = await server.select();
    const whole = message("spooled", "0123456789abcd\r\n".repeat(90_000));
    await c.append(whole);
    const answer = await c.ok("FETCH 1 BODY.PEEK[]");
    assert.ok(literal(answer, "BODY[]") === whole);
  }));

Deno.test("a literal that breaks off ends the connection", () =>
  withImap(async (server) => {
    const c = await server.select();
    await c.append(message("x", "y".repeat(INLINE_BODY_BYTES + 1)));
    const open = server.storage.open.bind(server.storage);
    server.storage.open = async (mailbox, uid, range) => {
      const [head] = (await open(mailbox, uid, range)).tee();
      const reader = head.getReader();
      return new ReadableStream({
        async pull(controller): Promise<void> {
          controller.enqueue((await reader.read()).value?.slice(0, 10));
          controller.error(new StorageError("corrupt", "Broken"));
        },
      });
    };
    await c.raw("a FETCH 1 BODY[]\r\n");
    assert.ok(await c.ended());
  }));

Deno.test("FETCH of flags asks the store for nothing", () =>
  withImap(async (server) => {
    const c = await server.select();
    await c.append(message("x"));
    const calls: string[] = [];
    server.storage.onCall = (method) => void calls.push(method);
    assert.match(await c.ok("FETCH 1:* (UID FLAGS)"), /UID 1 FLAGS/);
    assert.deepEqual(calls, []);
  }));

Deno.test("FETCH of numbers beyond the mailbox is BAD", () =>
  withImap(async (server) => {
    const c = await server.select();
    assert.match(await c.run("FETCH 1 FLAGS"), /BAD/);
    assert.match(await c.run("FETCH 2:* FLAGS"), /BAD/);
    assert.match(await c.ok("FETCH 1:* FLAGS"), /^T\d+ OK Fetched/);
    assert.match(await c.ok("UID FETCH 1:* FLAGS"), /^T\d+ OK/);
    await c.append(message("x"));
    assert.match(await c.run("FETCH 1:2 FLAGS"), /BAD/);
    assert.match(await c.run("FETCH 0 FLAGS"), /BAD/);
    assert.match(await c.ok("UID FETCH 5:9 FLAGS"), /^T\d+ OK/);
    // RFC 9051 section 6.4.9: "*" is the last message, whatever its number.
    assert.match(await c.ok("UID FETCH 700:* FLAGS"), /UID 1 /);
  }));

Deno.test("CHANGEDSINCE picks what is new and tells mod-sequences", () =>
  withImap(async (server) => {
    const c = await server.select();
    await c.append(message("x"));
    await c.append(message("y"));
    const first = await c.ok("FETCH 1:2 MODSEQ");
    const modSeq = /\* 2 FETCH \(MODSEQ \((\d+)\)/.exec(first)?.[1];
    await c.ok("STORE 1 +FLAGS \\Flagged");
    const changed = await c.ok(`FETCH 1:* FLAGS (CHANGEDSINCE ${modSeq})`);
    assert.match(changed, /^\* 1 FETCH \(FLAGS \(\\Flagged \\Recent\) MODSEQ/);
    assert.doesNotMatch(changed, /\* 2 FETCH/);
  }));

/** CATENATE (RFC 4469), literal8 of APPEND (RFC 3516), UTF8 (RFC 6855). */
import assert from "node:assert/strict";
import { type ImapTestClient, withImap } from "#tests/support/imap_server.ts";

const DRAFT = [
  "From: a@b.test",
  "Subject: draft",
  "MIME-Version: 1.0",
  "Content-Type: multipart/mixed; boundary=o",
  "",
  "--o",
  "Content-Type: text/plain",
  "X-Part: one",
  "",
  "first part",
  "--o",
  "Content-Type: text/html",
  "",
  "<b>second</b>",
  "--o--",
  "",
].join("\r\n");

async function withDraft(
  run: (client: ImapTestClient) => Promise<void>,
): Promise<void> {
  await withImap(async (server) => {
    const c = await server.connect();
    await c.ok("LOGIN alice secret");
    await c.ok('CREATE "Entw&APw-rfe/2"');
    await c.append(DRAFT, '"Entw&APw-rfe/2"');
    await c.append(DRAFT);
    await c.ok("SELECT INBOX");
    await run(c);
  });
}

/** The newest message as it is. */
async function newest(c: ImapTestClient): Promise<string> {
  const answer = await c.ok("FETCH * BODY.PEEK[]");
  const from = answer.indexOf("\r\n", answer.indexOf("{")) + 2;
  const size = Number.parseInt(answer.slice(answer.indexOf("{") + 1), 10);
  return answer.slice(from, from + size);
}

Deno.test("CATENATE puts literals and URLs together", () =>
  withDraft(async (c) => {
    const url = "/INBOX;UIDVALIDITY=1000/;UID=1";
    await c.ok(
      "APPEND INBOX (\\Seen) CATENATE (TEXT {14+}\r\nSubject: new\r\n " +
        `URL "${url}/;SECTION=1.MIME" URL {${url.length + 11}+}\r\n` +
        `${url}/;SECTION=1 TEXT {2+}\r\n\r\n URL ${url}/;SECTION=TEXT/;PARTIAL=3.2)`,
    );
    assert.equal(
      await newest(c),
      "Subject: new\r\nContent-Type: text/plain\r\nX-Part: one\r\n\r\n" +
        "first part\r\n\r\n",
    );
    assert.match(await c.ok("FETCH * FLAGS"), /\\Seen/);
  }));

Deno.test("URLs name mailboxes in UTF-8, the selected one, and this server", () =>
  withDraft(async (c) => {
    for (
      const url of [
        "/Entw%C3%BCrfe%2F2;UIDVALIDITY=1002/;UID=1",
        "/Entw%c3%bcrfe/2/;uid=1",
        ";UID=1",
        "imap://here.test/INBOX/;UID=1",
        "imap://alice@HERE.test:143/inbox/;UID=1/",
        "imap://alice;AUTH=*@here.test/INBOX/;UID=1/;PARTIAL=0.99999",
      ]
    ) {
      await c.ok(`APPEND INBOX CATENATE (URL "${url}")`);
      assert.equal(await newest(c), DRAFT, url);
    }
    await c.ok('APPEND INBOX CATENATE (URL ";UID=1/;PARTIAL=16")');
    assert.equal(await newest(c), DRAFT.slice(16));
    const fields = "/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(Subject%20to)";
    await c.ok(`APPEND INBOX CATENATE (URL "${fields}")`);
    assert.equal(await newest(c), "Subject: draft\r\n\r\n");
  }));

Deno.test("what is not there is BADURL, and nothing is stored", () =>
  withDraft(async (c) => {
    for (
      const url of [
        "/INBOX;UIDVALIDITY=7/;UID=1",
        "/INBOX/;UID=99",
        "/None/;UID=1",
        "/INBOX/;UID=1/;SECTION=7",
        "/INBOX/;UID=1/;SECTION=1.BOGUS",
        "/INBOX/;UID=1/;SECTION=1%5d",
        "/INBOX/;UID=1/;PARTIAL=0.0",
        "/%ff/;UID=1",
        "/%2/;UID=1",
        "/INBOX",
        "",
        "imap://elsewhere.test/INBOX/;UID=1",
        "imap://bob@here.test/INBOX/;UID=1",
        "http://here.test/INBOX/;UID=1",
        "/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL:00",
      ]
    ) {
      const answer = await c.run(`APPEND INBOX CATENATE (URL "${url}")`);
      assert.match(answer, /^T\d+ NO \[BADURL [^\]]*\] /, url);
    }
    assert.match(
      await c.run('APPEND INBOX CATENATE (URL "/a]b/;UID=1" TEXT {3+}\r\nabc)'),
      /^T\d+ NO \[BADURL \/a%5db\/;UID=1\] /,
    );
    assert.match(await c.ok("NOOP"), /^T/);
    assert.match(await c.ok("STATUS INBOX (MESSAGES)"), /MESSAGES 1\)/);
  }));

Deno.test("CATENATE is bounded as a whole", () =>
  withImap(async (server) => {
    server.storage.appendLimitBytes = 40;
    const c = await server.connect();
    await c.ok("LOGIN alice secret");
    await c.append("Subject: 123456789\r\n\r\nbody\r\n");
    await c.ok("SELECT INBOX");
    const twice = "URL ;UID=1 URL ;UID=1";
    assert.match(
      await c.run(`APPEND INBOX CATENATE (${twice})`),
      /^T\d+ NO \[TOOBIG\]/,
    );
    await c.raw("x APPEND INBOX CATENATE (URL ;UID=1 TEXT {20}\r\n");
    assert.match(await c.line(), /^x NO \[TOOBIG\]/);
    const many = "URL ;UID=1/;PARTIAL=0.1 ".repeat(1001).trim();
    assert.match(
      await c.run(`APPEND INBOX CATENATE (${many})`),
      /^T\d+ NO \[(LIMIT|TOOBIG)\]/,
    );
    assert.match(await c.run("APPEND INBOX CATENATE ()"), /^T\d+ BAD/);
    assert.match(
      await c.run("APPEND INBOX CATENATE (TEXT {0+}\r\n)"),
      /^T\d+ NO/,
    );
    assert.match(await c.ok("STATUS INBOX (MESSAGES)"), /MESSAGES 1\)/);
  }));

Deno.test("messages of both kinds come in one APPEND", () =>
  withDraft(async (c) => {
    assert.match(
      await c.ok(
        "APPEND INBOX {3+}\r\nA:\n (\\Seen) CATENATE (URL ;UID=1 TEXT {1+}\r\n" +
          "x) {3+}\r\nB:\n",
      ),
      /\[APPENDUID 1000 2:4\]/,
    );
    assert.equal(await newest(c), "B:\n");
  }));

Deno.test("content with NUL comes back by BINARY and never in BODY", () =>
  withImap(async (server) => {
    const c = await server.connect();
    await c.ok("LOGIN alice secret");
    await c.ok("SELECT INBOX");
    const content = "\0".repeat(100) + "abc\r\n\xff\0";
    const parts = DRAFT.replace("first part", content)
      .replace("X-Part: one", "Content-Transfer-Encoding: binary\r\nX-Part: 1");
    await c.ok(`APPEND INBOX ~{${parts.length}+}\r\n${parts}`);
    const stored = await newest(c);
    assert.ok(!stored.includes("\0"));
    assert.ok(stored.includes(
      "Content-Type: text/plain\r\nX-Part: 1\r\n" +
        "Content-Transfer-Encoding: base64\r\n\r\nAAAA",
    ));
    assert.ok(
      stored.endsWith(
        parts.slice(parts.indexOf("\r\n--o\r\nContent-Type: text/html")),
      ),
    );
    assert.ok(
      (await c.ok("FETCH 1 BINARY.PEEK[1]"))
        .includes(`BINARY[1] ~{${content.length}}\r\n${content})`),
    );
    const whole = `From: a@b.test\r\n\r\n${content}`;
    await c.ok(`APPEND INBOX ~{${whole.length}+}\r\n${whole}`);
    assert.ok((await newest(c)).startsWith(
      "From: a@b.test\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA",
    ));
    assert.ok(
      (await c.ok("FETCH 2 BINARY.PEEK[1]"))
        .includes(`~{${content.length}}\r\n${content})`),
    );
  }));

Deno.test("a NUL where none can be is refused", () =>
  withImap(async (server) => {
    const c = await server.connect();
    await c.ok("LOGIN alice secret");
    const encoded = "Content-Transfer-Encoding: base64\r\n\r\nAAAA\0";
    for (
      const bad of ["A: \0\r\n\r\n", encoded, DRAFT.replace("--o", "\0\r\n--o")]
    ) {
      assert.match(
        await c.run(`APPEND INBOX ~{${bad.length}+}\r\n${bad}`),
        /^T\d+ NO \[UNKNOWN-CTE\]/,
      );
    }
    // Without NUL a literal8 is stored octet for octet.
    await c.ok(`APPEND INBOX ~{5+}\r\nA:\n\n\xff`);
    await c.ok("SELECT INBOX");
    assert.equal(await newest(c), "A:\n\n\xff");
  }));

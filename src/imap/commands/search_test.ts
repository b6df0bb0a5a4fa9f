import assert from "node:assert/strict";
import {
  type ImapTestClient,
  type ImapTestServer,
  message,
  withImap,
} from "#tests/support/imap_server.ts";

/** Three messages: one, two (\Seen $Work, of 1996), three (long). */
async function filled(server: ImapTestServer): Promise<ImapTestClient> {
  const c = await server.select();
  await c.append(message("one"));
  const date = '"17-Jul-1996 02:44:25 +0000"';
  await c.append(
    message("two", "needle\r\n"),
    "INBOX",
    `(\\Seen $Work) ${date} `,
  );
  await c.append(message("three", "x".repeat(2000)));
  return c;
}

Deno.test("SEARCH finds by every kind of key", () =>
  withImap(async (server) => {
    const c = await filled(server);
    const expected: [keys: string, found: string][] = [
      ["ALL", "1 2 3"],
      ["SEEN", "2"],
      ["UNSEEN NOT 3", "1"],
      ["OR SEEN 3", "2 3"],
      ["KEYWORD $work", "2"],
      ["UNKEYWORD $none", "1 2 3"],
      ["KEYWORD $none", ""],
      ["2:*", "2 3"],
      ["UID 1,3", "1 3"],
      ["UID 900:*", "3"],
      ["SUBJECT t", "2 3"],
      ["BODY NEEDLE", "2"],
      ["TEXT needle", "2"],
      ["FROM b.test", "1 2 3"],
      ['HEADER Subject ""', "1 2 3"],
      ['HEADER X-None ""', ""],
      ["ON 17-Jul-1996", "2"],
      ["BEFORE 17-Jul-1996", ""],
      ["SINCE 18-Jul-1996", "1 3"],
      ["LARGER 1000", "3"],
      ["SMALLER 1000", "1 2"],
      ["(SEEN (KEYWORD $Work))", "2"],
      ["OLD", ""],
      ["NEW", "1 3"],
      ["RECENT SEEN", "2"],
      ["YOUNGER 1000", "1 3"],
      ["CHARSET UTF-8 SUBJECT {3}", "1"],
    ];
    for (const [keys, found] of expected) {
      const literal = keys.endsWith("{3}") ? "\r\none" : "";
      const answer = await c.ok(`SEARCH ${keys}${literal}`);
      const numbers = found === "" ? "" : ` ${found}`;
      assert.ok(
        answer.includes(`* SEARCH${numbers}\r\n`),
        `${keys}: ${answer}`,
      );
    }
    // Dovecot, imaptest: nothing is there, so nothing is found.
    assert.match(await c.ok("SEARCH 4"), /\* SEARCH\r\n/);
    assert.match(await c.ok("SEARCH 2,9:4"), /\* SEARCH 2\r\n/);
    assert.match(await c.ok("SEARCH 4:*"), /\* SEARCH 3\r\n/);
    assert.match(await c.run("SEARCH CHARSET X-NO ALL"), /NO \[BADCHARSET/);
    assert.match(await c.run("SEARCH"), /BAD/);
  }));

Deno.test("ESEARCH returns what is asked for", () =>
  withImap(async (server) => {
    const c = await filled(server);
    await c.raw("a SEARCH RETURN (MIN MAX COUNT ALL) ALL\r\n");
    assert.match(
      await c.until("a "),
      /\* ESEARCH \(TAG "a"\) MIN 1 MAX 3 ALL 1:3 COUNT 3\r\n/,
    );
    assert.match(
      await c.ok("UID SEARCH RETURN () UNSEEN"),
      /\* ESEARCH \(TAG "T\d+"\) UID ALL 1,3\r\n/,
    );
    assert.match(
      await c.ok("SEARCH RETURN (COUNT MIN) DELETED"),
      /\* ESEARCH \(TAG "T\d+"\) COUNT 0\r\n/,
    );
  }));

Deno.test("a saved result can be used as $", () =>
  withImap(async (server) => {
    const c = await filled(server);
    assert.doesNotMatch(
      await c.ok("SEARCH RETURN (SAVE) UNSEEN"),
      /ESEARCH/,
    );
    assert.match(await c.ok("FETCH $ UID"), /UID 1\)[^]*UID 3\)/);
    assert.match(await c.ok("SEARCH $ LARGER 1000"), /SEARCH 3\r\n/);
    await c.ok("SEARCH RETURN (SAVE MIN) ALL");
    assert.doesNotMatch(await c.ok("UID FETCH $ UID"), /UID [23]\)/);
  }));

Deno.test("MODSEQ is searched for and told", () =>
  withImap(async (server) => {
    const c = await filled(server);
    const highest = /HIGHESTMODSEQ (\d+)/.exec(await c.ok("SELECT INBOX"))?.[1];
    assert.match(
      await c.ok(`SEARCH MODSEQ ${highest}`),
      new RegExp(`SEARCH 3 \\(MODSEQ ${highest}\\)`),
    );
    assert.match(
      await c.ok("UID SEARCH RETURN (ALL) MODSEQ 1"),
      new RegExp(`UID ALL 1:3 MODSEQ ${highest}`),
    );
  }));

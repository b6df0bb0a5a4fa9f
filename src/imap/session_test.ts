import assert from "node:assert/strict";
import { message, withImap } from "#tests/support/imap_server.ts";

Deno.test("login, append, select, fetch and logout", () =>
  withImap(async (server) => {
    const c = await server.connect();
    assert.match(
      await c.ok("CAPABILITY"),
      /IMAP4rev1 LITERAL\+ SASL-IR.*AUTH=PLAIN/,
    );
    assert.match(
      await c.run("LOGIN alice wrong"),
      /NO \[AUTHENTICATIONFAILED\]/,
    );
    assert.match(
      await c.ok("LOGIN alice secret"),
      /\[CAPABILITY IMAP4rev1.*UIDPLUS/,
    );
    assert.match(await c.append(message("one")), /APPENDUID 1000 1\]/);
    await c.append(
      message("two"),
      "INBOX",
      '(\\Seen $Work) "17-Jul-1996 02:44:25 -0700" ',
    );
    const select = await c.ok("SELECT inbox");
    assert.match(select, /\* 2 EXISTS\r\n\* 2 RECENT\r\n\* OK \[UNSEEN 1\]/);
    assert.match(select, /UIDVALIDITY 1000.*\r\n.*UIDNEXT 3/);
    assert.match(
      select,
      /PERMANENTFLAGS \(\\Seen \\Answered \\Flagged \\Deleted \\Draft \$Work \\\*\)/,
    );
    const fetch = await c.ok(
      "FETCH 1:* (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (subject)] BODY[TEXT]<1.3>)",
    );
    assert.match(
      fetch,
      /\* 1 FETCH \(UID 1 FLAGS \(\\Seen \\Recent\) RFC822.SIZE 39 INTERNALDATE "[^"]+" BODY\[HEADER.FIELDS \(subject\)\] \{16\}\r\nSubject: one\r\n\r\n BODY\[TEXT\]<1> \{3\}\r\nell\)/,
    );
    assert.match(fetch, /INTERNALDATE "17-Jul-1996 09:44:25 \+0000"/);
    assert.match(await c.ok("LOGOUT"), /\* BYE/);
    assert.ok(await c.ended());
  }));

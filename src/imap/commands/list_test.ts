import assert from "node:assert/strict";
import { matchesPattern } from "#src/imap/list_pattern.ts";
import { type ImapTestServer, withImap } from "#tests/support/imap_server.ts";
import type { ImapTestClient } from "#tests/support/imap_server.ts";

/** INBOX, a, a/b, a/b/c (parents made), Sent with its use. */
async function tree(server: ImapTestServer): Promise<ImapTestClient> {
  const c = await server.connect();
  await c.ok("LOGIN alice secret");
  await c.ok("CREATE a/b/c");
  await c.ok("CREATE Sent (USE (\\Sent))");
  return c;
}

/** Names of the LIST lines. */
function names(answer: string): string[] {
  return [...answer.matchAll(/\* L(?:IST|SUB) \([^)]*\) "\/" "?([^"\r]*)"?/g)]
    .map(([, name = ""]) => name.split(" ")[0] ?? "");
}

Deno.test("LIST matches wildcards and reference", () =>
  withImap(async (server) => {
    const c = await tree(server);
    const expected: [command: string, found: string[]][] = [
      ['"" *', ["INBOX", "Sent", "a", "a/b", "a/b/c"]],
      ['"" %', ["INBOX", "Sent", "a"]],
      ["a/ %", ["a/b"]],
      ['"" a*c', ["a/b/c"]],
      ['"" inbox', ["INBOX"]],
      ['"" "%/%"', ["a/b"]],
      ['"" none', []],
      ['"" (a Sent)', ["Sent", "a"]],
    ];
    for (const [command, found] of expected) {
      assert.deepEqual(names(await c.ok(`LIST ${command}`)), found, command);
    }
    const all = await c.ok('LIST "" *');
    assert.match(all, /\(\\HasNoChildren \\Sent\) "\/" "Sent"/);
    assert.match(all, /\(\\HasChildren\) "\/" "a"/);
    assert.match(await c.ok('LIST "" ""'), /\* LIST \(\\Noselect\) "\/" ""/);
  }));

Deno.test("a hostile pattern takes no longer than its length", () => {
  const name = "a".repeat(1000);
  assert.ok(!matchesPattern(name, `${"*a".repeat(500)}*b`));
  assert.ok(matchesPattern(name, `${"*a".repeat(500)}*`));
  assert.ok(matchesPattern("a/b", "%*%"));
  assert.ok(!matchesPattern("a/b", "%"));
});

Deno.test("LIST selects and returns what RFC 5258 says", () =>
  withImap(async (server) => {
    const c = await tree(server);
    await c.ok("SUBSCRIBE a/b/c");
    await c.ok("SUBSCRIBE gone");
    assert.deepEqual(
      names(await c.ok('LIST (SUBSCRIBED) "" *')),
      ["a/b/c", "gone"],
    );
    assert.match(
      await c.ok('LIST (SUBSCRIBED) "" gone'),
      /\(\\NonExistent \\HasNoChildren \\Subscribed\)/,
    );
    assert.deepEqual(names(await c.ok('LIST "" gone')), []);
    assert.match(
      await c.ok('LIST (SUBSCRIBED RECURSIVEMATCH) "" %'),
      /"a" \("CHILDINFO" \("SUBSCRIBED"\)\)/,
    );
    assert.match(await c.run('LIST (RECURSIVEMATCH) "" %'), /BAD/);
    assert.deepEqual(names(await c.ok('LIST (SPECIAL-USE) "" *')), ["Sent"]);
    const status = await c.ok('LIST "" % RETURN (STATUS (MESSAGES UIDNEXT))');
    assert.match(
      status,
      /"INBOX"\r\n\* STATUS "INBOX" \(MESSAGES 0 UIDNEXT 1\)/,
    );
    assert.match(
      await c.ok('LIST "" a/b/c RETURN (SUBSCRIBED CHILDREN)'),
      /\(\\HasNoChildren \\Subscribed\)/,
    );
  }));

Deno.test("LSUB shows subscriptions, and parents for %", () =>
  withImap(async (server) => {
    const c = await tree(server);
    await c.ok("SUBSCRIBE a/b/c");
    await c.ok("SUBSCRIBE Sent");
    assert.deepEqual(names(await c.ok('LSUB "" *')), ["Sent", "a/b/c"]);
    assert.match(await c.ok('LSUB "" %'), /LSUB \(\\Noselect\) "\/" "a"/);
    await c.ok("UNSUBSCRIBE Sent");
    assert.deepEqual(names(await c.ok('LSUB "" *')), ["a/b/c"]);
  }));

Deno.test("names travel in modified UTF-7 and come back", () =>
  withImap(async (server) => {
    const c = await tree(server);
    await c.ok("CREATE &AMQ-pfel&-Birnen");
    const answer = await c.ok('LIST "" &AMQ-*');
    assert.match(answer, /"&AMQ-pfel&-Birnen"/);
    assert.match(await c.run("CREATE &AMQ"), /NO \[CANNOT\]/);
    await c.ok('STATUS "&AMQ-pfel&-Birnen" (MESSAGES)');
  }));

Deno.test("mailboxes are made, renamed with children, and removed", () =>
  withImap(async (server) => {
    const c = await tree(server);
    assert.match(await c.run("CREATE a"), /NO \[ALREADYEXISTS\]/);
    assert.match(await c.run("CREATE a//x"), /NO \[CANNOT\]/);
    assert.match(await c.run("CREATE x (USE (\\Bogus))"), /NO \[USEATTR\]/);
    assert.match(await c.run("RENAME a a/x"), /NO \[CANNOT\]/);
    assert.match(await c.run("RENAME a Sent"), /NO \[ALREADYEXISTS\]/);
    assert.match(await c.run("RENAME none x"), /NO \[NONEXISTENT\]/);
    await c.ok("RENAME a z");
    assert.deepEqual(
      names(await c.ok('LIST "" *')),
      ["INBOX", "Sent", "z", "z/b", "z/b/c"],
    );
    await c.append("Subject: x\r\n\r\n");
    await c.ok("RENAME inbox Old");
    assert.match(await c.ok("STATUS Old (MESSAGES)"), /MESSAGES 1/);
    assert.match(await c.ok("STATUS INBOX (MESSAGES)"), /MESSAGES 0/);
    assert.match(await c.run("DELETE INBOX"), /NO \[CANNOT\]/);
    // A mailbox that others are below leaves its name.
    await c.ok("DELETE z");
    assert.match(await c.run("DELETE z"), /NO \[HASCHILDREN\]/);
    assert.match(await c.run("DELETE zz"), /NO \[NONEXISTENT\]/);
    await c.ok("SELECT Old");
    assert.match(await c.ok("DELETE Old"), /\* OK \[CLOSED\]/);
    assert.match(await c.run("FETCH 1 FLAGS"), /BAD/);
    assert.match(await c.run("SELECT Old"), /NO \[NONEXISTENT\]/);
  }));

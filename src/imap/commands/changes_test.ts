/** What sessions tell each other: STORE, EXPUNGE, IDLE, pipelines. */
import assert from "node:assert/strict";
import { message, withImap } from "#tests/support/imap_server.ts";

Deno.test("pipelined STORE and EXPUNGE keep their order", () =>
  withImap(async (server) => {
    const c = await server.select();
    for (const n of [1, 2, 3]) await c.append(message(`m${n}`));
    await c.raw(
      "a STORE 1,3 +FLAGS.SILENT (\\Deleted)\r\nb EXPUNGE\r\nc FETCH 1 UID\r\n",
    );
    const answer = await c.until("c ");
    assert.equal(
      answer,
      "a OK Stored\r\n* 3 EXPUNGE\r\n* 1 EXPUNGE\r\nb OK Expunged\r\n" +
        "* 1 FETCH (UID 2)\r\nc OK Fetched\r\n",
    );
  }));

Deno.test("EXPUNGE is not told during FETCH, STORE or SEARCH by number", () =>
  withImap(async (server) => {
    const one = await server.select();
    for (const n of [1, 2, 3]) await one.append(message(`m${n}`));
    const two = await server.select();
    await one.ok("STORE 1 +FLAGS.SILENT \\Deleted");
    await one.ok("EXPUNGE");
    for (
      const command of [
        "FETCH 2 FLAGS",
        "STORE 3 +FLAGS \\Flagged",
        "SEARCH ALL",
      ]
    ) {
      assert.doesNotMatch(await two.ok(command), /EXPUNGE/, command);
    }
    assert.match(await two.ok("FETCH 2 UID"), /\* 2 FETCH \(UID 2\)/);
    assert.match(await two.ok("SEARCH ALL"), /\* SEARCH 2 3\r\n/);
    assert.match(await two.ok("FETCH 1 FLAGS"), /\[EXPUNGEISSUED\]/);
    assert.match(await two.ok("UID FETCH 3 UID"), /\* 1 EXPUNGE/);
    assert.match(await two.ok("FETCH 2 UID"), /\* 2 FETCH \(UID 3\)/);
  }));

Deno.test("the UID of a message is known until its EXPUNGE is told", () =>
  withImap(async (server) => {
    const one = await server.select();
    for (const n of [1, 2, 3]) await one.append(message(`m${n}`));
    const two = await server.select();
    await one.ok("STORE 1,3 +FLAGS.SILENT \\Deleted");
    await one.ok("EXPUNGE");
    const answer = await two.ok("FETCH 1:3 UID");
    for (const n of [1, 2, 3]) {
      assert.ok(answer.includes(`* ${n} FETCH (UID ${n})\r\n`), answer);
    }
    assert.doesNotMatch(answer, /EXPUNGEISSUED/);
    assert.match(await two.ok("FETCH 3 (UID FLAGS)"), /\[EXPUNGEISSUED\]/);
    assert.match(await two.ok("NOOP"), /\* 3 EXPUNGE\r\n\* 1 EXPUNGE/);
  }));

Deno.test("a message expunged while it is fetched is not told without flags", () =>
  withImap(async (server) => {
    const one = await server.select();
    for (const n of [1, 2]) await one.append(message(`m${n}`));
    await one.ok("STORE 1 +FLAGS.SILENT (\\Deleted \\Seen)");
    const two = await server.select();
    server.storage.onCall = async (name) => {
      if (name !== "batch") return;
      server.storage.onCall = undefined;
      await one.ok("EXPUNGE");
    };
    const answer = await two.ok("FETCH 1:2 (FLAGS MODSEQ RFC822.SIZE)");
    assert.doesNotMatch(answer, /\* 1 FETCH/);
    assert.match(answer, /\* 2 FETCH \(FLAGS \(\) MODSEQ/);
    assert.match(answer, /\[EXPUNGEISSUED\]/);
  }));

Deno.test("STORE says when a message went away meanwhile", () =>
  withImap(async (server) => {
    const one = await server.select();
    for (const n of [1, 2]) await one.append(message(`m${n}`));
    await one.ok("STORE 1 +FLAGS.SILENT \\Deleted");
    const two = await server.select();
    server.storage.onCall = async (name) => {
      if (name !== "storeFlags") return;
      server.storage.onCall = undefined;
      await one.ok("EXPUNGE");
    };
    const answer = await two.ok("STORE 1:2 +FLAGS \\Seen");
    assert.match(answer, /\* 2 FETCH \(FLAGS \(\\Seen\)\)/);
    assert.match(answer, /OK \[EXPUNGEISSUED\]/);
  }));

Deno.test("changes by others are told, own silent ones are not", () =>
  withImap(async (server) => {
    const one = await server.select();
    await one.append(message("x"));
    const two = await server.select();
    assert.equal(
      (await one.ok("STORE 1 +FLAGS.SILENT (\\Seen)")).split("\r\n").length,
      2,
    );
    assert.match(await two.ok("NOOP"), /\* 1 FETCH \(UID 1 FLAGS \(\\Seen\)\)/);
    assert.doesNotMatch(await one.ok("NOOP"), /FETCH/);
    // Two changed it, and one does not know when it stores in silence.
    await two.ok("STORE 1 +FLAGS.SILENT \\Flagged");
    const answer = await one.ok("STORE 1 +FLAGS.SILENT \\Answered");
    assert.match(answer, /FLAGS \(\\Seen \\Answered \\Flagged \\Recent\)/);
  }));

Deno.test("new keywords are told before the flags that use them", () =>
  withImap(async (server) => {
    const one = await server.select();
    await one.append(message("x"));
    const two = await server.select();
    const own = await one.ok("STORE 1 +FLAGS $New");
    assert.match(own, /\* FLAGS \([^)]*\$New\)[^]*\* 1 FETCH/);
    const other = await two.ok("NOOP");
    assert.match(other, /\* FLAGS \([^)]*\$New\)[^]*\* 1 FETCH/);
  }));

Deno.test("the forty-ninth keyword is refused", () =>
  withImap(async (server) => {
    const c = await server.select();
    await c.append(message("x"));
    const words = Array.from({ length: 48 }, (_, n) => `$k${n}`);
    await c.ok(`STORE 1 FLAGS.SILENT (${words.join(" ")})`);
    assert.match(await c.ok("FETCH 1 FLAGS"), /\$k47/);
    assert.match(await c.run("STORE 1 +FLAGS $k48"), /NO \[LIMIT\]/);
    assert.match(await c.ok("SELECT INBOX"), /PERMANENTFLAGS \([^*]*\)\]/);
  }));

Deno.test("IDLE tells at once, and ends with DONE", () =>
  withImap(async (server) => {
    const idle = await server.select();
    const other = await server.select();
    await idle.raw("a IDLE\r\n");
    assert.equal(await idle.line(), "+ Idling");
    await other.append(message("x"));
    assert.equal(await idle.line(), "* 1 EXISTS");
    assert.equal(await idle.line(), "* 1 RECENT");
    await other.ok("STORE 1 +FLAGS (\\Deleted)");
    assert.match(await idle.line(), /\* 1 FETCH \(UID 1 FLAGS \(\\Deleted/);
    await other.ok("EXPUNGE");
    assert.equal(await idle.line(), "* 1 EXPUNGE");
    await idle.raw("done\r\n");
    assert.equal(await idle.line(), "a OK Idle ended");
    await idle.raw("b IDLE\r\nDONE\r\n");
    assert.match(await idle.until("b "), /\+ Idling\r\nb OK/);
    await idle.raw("c IDLE\r\nc NOOP\r\n");
    assert.match(await idle.until("c "), /c BAD/);
  }));

Deno.test("what was pending at SELECT belongs to the old mailbox", () =>
  withImap(async (server) => {
    const one = await server.select();
    await one.append(message("x"));
    const two = await server.select();
    await one.ok("CREATE Other");
    await one.append(message("y"));
    const answer = await two.ok("SELECT Other");
    assert.match(answer, /^\* OK \[CLOSED\]/);
    assert.match(answer, /\* 0 EXISTS/);
    assert.doesNotMatch(answer, /EXPUNGE|\* [12] EXISTS/);
    assert.match(await two.ok("SELECT INBOX"), /\* 2 EXISTS/);
  }));

Deno.test("only the first session is told of a message as \\Recent", () =>
  withImap(async (server) => {
    const one = await server.select();
    await one.append(message("x"));
    assert.match(await one.ok("SEARCH NEW"), /\* SEARCH 1\r\n/);
    const two = await server.connect();
    await two.ok("LOGIN alice secret");
    assert.match(await two.ok("SELECT INBOX"), /\* 0 RECENT/);
    assert.match(await two.ok("SEARCH OLD"), /\* SEARCH 1\r\n/);
    const three = await server.connect();
    await three.ok("LOGIN alice secret");
    await three.append(message("y"));
    // EXAMINE shows what is recent and takes it from nobody.
    assert.match(await three.ok("EXAMINE INBOX"), /\* 1 RECENT/);
    assert.match(await two.ok("NOOP"), /\* 2 EXISTS\r\n\* 1 RECENT/);
    assert.match(await one.ok("NOOP"), /\* 2 EXISTS\r\n\* 1 RECENT/);
    assert.match(await three.ok("SELECT INBOX"), /\* 0 RECENT/);
  }));

Deno.test("UNCHANGEDSINCE leaves alone what has changed", () =>
  withImap(async (server) => {
    const c = await server.select();
    await c.append(message("x"));
    await c.append(message("y"));
    const modSeq = /HIGHESTMODSEQ (\d+)/.exec(await c.ok("SELECT INBOX"))?.[1];
    await c.ok("STORE 2 +FLAGS \\Flagged");
    const answer = await c.ok(
      `STORE 1:2 (UNCHANGEDSINCE ${modSeq}) +FLAGS.SILENT \\Seen`,
    );
    assert.match(answer, /\* 1 FETCH \(UID 1 MODSEQ/);
    assert.match(answer, /OK \[MODIFIED 2\]/);
    assert.doesNotMatch(await c.ok("FETCH 2 FLAGS"), /Seen/);
  }));

Deno.test("UID EXPUNGE removes only what is named", () =>
  withImap(async (server) => {
    const c = await server.select();
    for (const n of [1, 2, 3]) await c.append(message(`m${n}`));
    await c.ok("STORE 1:3 +FLAGS.SILENT \\Deleted");
    assert.match(await c.ok("UID EXPUNGE 2:*"), /\* 3 EXPUNGE\r\n\* 2 EXPUNGE/);
    assert.match(await c.ok("UID SEARCH ALL"), /SEARCH 1\r\n/);
    assert.match(await c.ok("CLOSE"), /^T\d+ OK/);
    assert.match(await c.ok("SELECT INBOX"), /\* 0 EXISTS/);
  }));

Deno.test("COPY and MOVE say where the messages went", () =>
  withImap(async (server) => {
    const c = await server.select();
    for (const n of [1, 2, 3]) await c.append(message(`m${n}`));
    assert.match(await c.run("COPY 1 None"), /NO \[TRYCREATE\]/);
    await c.ok("CREATE Box");
    assert.match(await c.ok("COPY 2:3 Box"), /OK \[COPYUID 1001 2:3 1:2\]/);
    const moved = await c.ok("MOVE 1,3 Box");
    assert.match(
      moved,
      /^\* OK \[COPYUID 1001 1,3 3:4\][^]*\* 3 EXPUNGE\r\n\* 1 EXPUNGE\r\nT/,
    );
    assert.match(await c.ok("STATUS Box (MESSAGES)"), /MESSAGES 4/);
    assert.match(await c.ok("COPY 1 INBOX"), /\* 2 EXISTS/);
    await c.ok("EXAMINE INBOX");
    assert.match(await c.run("MOVE 1 Box"), /NO \[READ-ONLY\]/);
    assert.match(await c.run("STORE 1 FLAGS ()"), /NO \[READ-ONLY\]/);
    assert.match(await c.run("EXPUNGE"), /NO \[READ-ONLY\]/);
  }));

Deno.test("a mailbox that is deleted under a session ends it", () =>
  withImap(async (server) => {
    const one = await server.connect();
    await one.ok("LOGIN alice secret");
    await one.ok("CREATE Box");
    const two = await server.select("Box");
    await two.raw("a IDLE\r\n");
    await two.line();
    await one.ok("DELETE Box");
    assert.match(await two.line(), /\* BYE/);
    assert.ok(await two.ended());
  }));

Deno.test("a message that comes during SELECT is \\Recent when it is told", () =>
  withImap(async (server) => {
    const one = await server.connect();
    await one.ok("LOGIN alice secret");
    await one.append(message("x"));
    const two = await server.connect();
    await two.ok("LOGIN alice secret");
    server.storage.onCall = async (method): Promise<void> => {
      if (method !== "claimRecent") return;
      server.storage.onCall = undefined;
      await two.append(message("y"));
    };
    assert.match(await one.ok("SELECT INBOX"), /\* 1 EXISTS\r\n\* 1 RECENT/);
    assert.match(await one.ok("NOOP"), /\* 2 EXISTS\r\n\* 2 RECENT/);
  }));

Deno.test("DELETE of a name that was that of the selected mailbox leaves it", () =>
  withImap(async (server) => {
    const one = await server.connect();
    await one.ok("LOGIN alice secret");
    await one.ok("CREATE Box");
    const two = await server.select("Box");
    await one.ok("RENAME Box Other");
    await one.ok("CREATE Box");
    assert.doesNotMatch(await two.ok("DELETE Box"), /CLOSED/);
    await two.ok("CHECK");
    assert.match(await two.ok("DELETE Other"), /\* OK \[CLOSED\]/);
    assert.match(await two.run("CHECK"), /BAD/);
  }));

Deno.test("an answer is about the mailbox as others have left it", () =>
  withImap(async (server) => {
    const one = await server.select();
    await one.append(message("x"));
    const two = await server.select();
    await one.ok("STORE 1 +FLAGS.SILENT \\Flagged");
    assert.match(await two.ok("FETCH 1 FLAGS"), /FLAGS \(\\Flagged\)/);
    await one.ok("STORE 1 +FLAGS.SILENT \\Seen");
    assert.match(await two.ok("SEARCH SEEN"), /SEARCH 1\r\n/);
  }));

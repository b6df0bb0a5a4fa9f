import assert from "node:assert/strict";
import {
  type ImapTestClient,
  type ImapTestServer,
  message,
  withImap,
} from "#tests/support/imap_server.ts";

async function withThree(
  run: (client: ImapTestClient, server: ImapTestServer) => Promise<void>,
): Promise<void> {
  await withImap(async (server) => {
    const c = await server.connect();
    await c.ok("LOGIN alice secret");
    for (const n of [1, 2, 3]) await c.append(message(`${n}`));
    await c.ok("CREATE Drafts");
    await c.ok("SELECT INBOX");
    await run(c, server);
  });
}

const NEW = message("new");
const LITERAL = `{${NEW.length}+}\r\n${NEW}`;

Deno.test("REPLACE stores the new message and removes the old one", () =>
  withThree(async (c) => {
    assert.equal(
      await c.ok(`REPLACE 2 INBOX (\\Draft) ${LITERAL}`),
      "* OK [APPENDUID 1000 4] Stored\r\n* 2 EXPUNGE\r\n* 3 EXISTS\r\n" +
        "* 3 RECENT\r\nT7 OK Replaced\r\n",
    );
    assert.match(await c.ok("UID SEARCH ALL"), /\* SEARCH 1 3 4\r\n/);
    assert.match(await c.ok("FETCH 3 FLAGS"), /\\Draft/);
  }));

Deno.test("REPLACE puts the message into another mailbox", () =>
  withThree(async (c) => {
    assert.equal(
      await c.ok(`UID REPLACE 3 {6+}\r\nDrafts (\\Seen) ${LITERAL}`),
      "* OK [APPENDUID 1001 1] Stored\r\n* 3 EXPUNGE\r\nT7 OK Replaced\r\n",
    );
    assert.match(await c.ok("STATUS Drafts (MESSAGES)"), /MESSAGES 1\)/);
  }));

Deno.test("REPLACE takes * and CATENATE", () =>
  withThree(async (c) => {
    await c.ok('REPLACE * INBOX CATENATE (URL ";UID=3" TEXT {1+}\r\nx)');
    assert.match(await c.ok("UID SEARCH ALL"), /\* SEARCH 1 2 4\r\n/);
  }));

Deno.test("a REPLACE that fails changes nothing", () =>
  withThree(async (c, server) => {
    const refused = async (command: string, answer: RegExp): Promise<void> =>
      assert.match(await c.run(command), answer, command);
    await refused(`REPLACE 4 INBOX ${LITERAL}`, /^T\d+ BAD/);
    await refused(`UID REPLACE 9 INBOX ${LITERAL}`, /NO \[EXPUNGEISSUED\]/);
    await refused(`REPLACE 1 None ${LITERAL}`, /^T\d+ NO \[TRYCREATE\]/);
    await refused(
      `REPLACE 1 INBOX ${LITERAL} ${LITERAL}`,
      /^T\d+ NO \[LIMIT\]/,
    );
    await refused("REPLACE 1:2 INBOX {1}", /^T\d+ BAD/);
    await refused("REPLACE 1 INBOX", /^T\d+ BAD/);
    server.storage.onCall = (method) => {
      if (method === "replace") throw new Error("The disk is gone");
    };
    await refused(`REPLACE 1 INBOX ${LITERAL}`, /^T\d+ NO \[SERVERBUG\]/);
    server.storage.onCall = undefined;
    assert.match(await c.ok("UID SEARCH ALL"), /\* SEARCH 1 2 3\r\n/);
    await c.ok("EXAMINE INBOX");
    await refused(`REPLACE 1 INBOX ${LITERAL}`, /^T\d+ NO \[READ-ONLY\]/);
  }));

Deno.test("REPLACE of a message that another session removed is refused", () =>
  withThree(async (c, server) => {
    const other = await server.select();
    await other.ok("STORE 2 +FLAGS.SILENT (\\Deleted)");
    await other.ok("EXPUNGE");
    assert.match(
      await c.run(`REPLACE 2 INBOX ${LITERAL}`),
      /T\d+ NO \[EXPUNGEISSUED\]/,
    );
    assert.match(await c.ok("STATUS INBOX (MESSAGES)"), /MESSAGES 2\)/);
  }));

/** Whole dialogues: login, states, hostile input, limits, the end. */
import assert from "node:assert/strict";
import { FakeClock } from "#tests/support/fake_clock.ts";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { StorageError, UnavailableError } from "#src/errors/errors.ts";
import { type Log, type LogFields, SILENT_LOG } from "#src/log/log.ts";
import {
  type ImapTestClient,
  message,
  withImap,
} from "#tests/support/imap_server.ts";

Deno.test("login, append, select, fetch and logout", () =>
  withImap(async (server) => {
    const c = await server.connect();
    assert.match(
      await c.ok("CAPABILITY"),
      /IMAP4rev1 IMAP4rev2 LITERAL\+ SASL-IR.*AUTH=PLAIN/,
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
    const date = '"17-Jul-1996 02:44:25 -0700"';
    await c.append(message("two"), "INBOX", `(\\Seen $Work) ${date} `);
    const select = await c.ok("SELECT inbox");
    assert.match(select, /\* 2 EXISTS\r\n\* 2 RECENT\r\n\* OK \[UNSEEN 1\]/);
    assert.match(select, /UIDVALIDITY 1000.*\r\n.*UIDNEXT 3/);
    assert.match(select, /PERMANENTFLAGS \([^)]*\\Draft \$Work \\\*\)/);
    const fetch = await c.ok(
      "FETCH 1:* (UID FLAGS RFC822.SIZE INTERNALDATE " +
        "BODY.PEEK[HEADER.FIELDS (subject)] BODY[TEXT]<1.3>)",
    );
    assert.match(fetch, /\* 1 FETCH \(UID 1 FLAGS \(\\Seen \\Recent\) /);
    assert.match(fetch, /RFC822.SIZE 39 INTERNALDATE "[^"]+" /);
    assert.match(
      fetch,
      /BODY\[HEADER.FIELDS \(subject\)\] \{16\}\r\nSubject: one\r\n\r\n /,
    );
    assert.match(fetch, /BODY\[TEXT\]<1> \{3\}\r\nell\)/);
    assert.match(fetch, /INTERNALDATE "17-Jul-1996 09:44:25 \+0000"/);
    assert.match(await c.ok("LOGOUT"), /\* BYE/);
    assert.ok(await c.ended());
  }));

Deno.test("commands in the wrong state are BAD and change nothing", () =>
  withImap(async (server) => {
    const c = await server.connect();
    for (
      const command of ["SELECT INBOX", 'LIST "" *', "FETCH 1 FLAGS", "IDLE"]
    ) {
      assert.match(await c.run(command), /BAD/, command);
    }
    await c.ok("LOGIN alice secret");
    for (
      const command of ["FETCH 1 FLAGS", "CLOSE", "CHECK", "LOGIN a secret"]
    ) {
      assert.match(await c.run(command), /BAD/, command);
    }
    await c.ok("SELECT INBOX");
    for (
      const command of ["LOGIN bob secret", "STARTTLS", "AUTHENTICATE PLAIN"]
    ) {
      assert.match(await c.run(command), /BAD/, command);
    }
    assert.match(await c.ok("STATUS INBOX (MESSAGES)"), /MESSAGES 0/);
  }));

Deno.test("three wrong passwords end the connection", () =>
  withImap(async (server) => {
    const c = await server.connect();
    for (const _ of [1, 2, 3]) await c.run("LOGIN alice wrong");
    assert.equal(await c.rest(), "* BYE Too many failures\r\n");
  }));

Deno.test("silence beyond the bound ends with BYE, in IDLE too", () =>
  withImap(
    async (server) => {
      for (const said of ["", "i IDLE\r\n"]) {
        const client = await server.connect();
        await client.ok("LOGIN alice secret");
        await client.raw(said);
        const rest = await client.rest();
        assert.match(rest, /(?:^|\r\n)\* BYE Nothing came for too long\r\n$/);
        assert.ok(await client.ended());
      }
    },
    {},
    { idleTimeoutMs: 30 },
  ));

Deno.test("without TLS no password is taken", () =>
  withImap(
    async (server) => {
      const c = await server.connect();
      const words = await c.ok("CAPABILITY");
      assert.match(words, /LOGINDISABLED/);
      assert.doesNotMatch(words, /AUTH=/);
      assert.match(await c.run("LOGIN a secret"), /NO \[PRIVACYREQUIRED\]/);
      assert.match(await c.run("AUTHENTICATE PLAIN"), /^T\d+ NO/);
    },
    {},
    { insecureAuth: false },
  ));

Deno.test("AUTHENTICATE PLAIN, with and without initial response", () =>
  withImap(async (server) => {
    const right = btoa("\0alice\0secret");
    const one = await server.connect();
    await one.ok(`AUTHENTICATE PLAIN ${right}`);
    const two = await server.connect();
    await two.raw("a authenticate plain\r\n");
    assert.equal(await two.line(), "+ ");
    await two.raw(`${right}\r\n`);
    assert.match(await two.line(), /^a OK/);
    const three = await server.connect();
    await three.raw("a AUTHENTICATE PLAIN\r\n*\r\n");
    assert.match(await three.until("a "), /a BAD Cancelled/);
    assert.match(await three.run("AUTHENTICATE PLAIN ="), /BAD/);
    const other = btoa("root\0alice\0secret");
    assert.match(
      await three.run(`AUTHENTICATE PLAIN ${other}`),
      /NO \[AUTHORIZATIONFAILED\]/,
    );
    assert.match(await three.run("AUTHENTICATE X-NONE"), /NO/);
  }));

/** SCRAM-SHA-256 as the client; gives the tagged answer. */
async function scram(
  c: ImapTestClient,
  user: string,
  password: string,
): Promise<string> {
  const decode = (line: string): string => atob(line.slice(2));
  const bare = `n=${user},r=clientnonce`;
  await c.raw(`a AUTHENTICATE SCRAM-SHA-256 ${btoa(`n,,${bare}`)}\r\n`);
  const first = decode(await c.line());
  const [, nonce = "", salt = "", rounds = ""] =
    /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(first) ?? [];
  assert.ok(nonce.startsWith("clientnonce"));
  const salted = pbkdf2Sync(
    password,
    Uint8Array.from(atob(salt), (char) => char.charCodeAt(0)),
    Number.parseInt(rounds, 10),
    32,
    "sha256",
  );
  const hmac = (key: Uint8Array, text: string): Uint8Array =>
    createHmac("sha256", key).update(text).digest();
  const final = `c=${btoa("n,,")},r=${nonce}`;
  const signed = `${bare},${first},${final}`;
  const clientKey = hmac(salted, "Client Key");
  const stored = createHash("sha256").update(clientKey).digest();
  const signature = hmac(stored, signed);
  const proof = clientKey.map((byte, i) => byte ^ (signature[i] ?? 0));
  await c.raw(
    `${btoa(`${final},p=${btoa(String.fromCharCode(...proof))}`)}\r\n`,
  );
  const answer = await c.line();
  if (!answer.startsWith("+ ")) return answer;
  const verifier = hmac(hmac(salted, "Server Key"), signed);
  assert.equal(decode(answer), `v=${btoa(String.fromCharCode(...verifier))}`);
  await c.raw("\r\n");
  return await c.line();
}

Deno.test("SCRAM-SHA-256 proves the password without sending it", () => {
  const salt = new Uint8Array(16).fill(7);
  const salted = pbkdf2Sync("secret", salt, 4096, 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const keys = {
    salt,
    iterations: 4096,
    storedKey: createHash("sha256").update(clientKey).digest(),
    serverKey: createHmac("sha256", salted).update("Server Key").digest(),
  };
  const auth = {
    checkPlain: () => Promise.resolve({ ok: false as const, reason: "no" }),
    scram: {
      keys: (user: string) =>
        Promise.resolve({
          identity: user === "alice" ? { account: user } : undefined,
          keys: user === "alice" ? keys : { ...keys, storedKey: salt },
        }),
    },
  };
  return withImap(
    async (server) => {
      const c = await server.connect();
      assert.match(
        await c.ok("CAPABILITY"),
        /AUTH=SCRAM-SHA-256 LOGINDISABLED/,
      );
      assert.match(await scram(c, "alice", "wrong"), /NO \[AUTHENTICATIONF/);
      assert.match(await scram(c, "nobody", "secret"), /NO \[AUTHENTICATIONF/);
      assert.match(await scram(c, "alice", "secret"), /^a OK/);
    },
    { auth },
    { insecureAuth: false },
  );
});

Deno.test("OAUTHBEARER and XOAUTH2 are there when the auth module takes tokens", () => {
  const refused = { ok: false, reason: "badCredentials" } as const;
  const auth = {
    checkPlain: () => Promise.resolve(refused),
    bearer: {
      checkToken: (user: string, token: string) =>
        Promise.resolve(
          token === "good" && (user === "" || user === "alice")
            ? { ok: true as const, identity: { account: "alice" } }
            : refused,
        ),
    },
  };
  return withImap(async (server) => {
    const c = await server.connect();
    const words = await c.ok("CAPABILITY");
    assert.match(words, /AUTH=OAUTHBEARER AUTH=XOAUTH2/);
    const bad = btoa("n,a=alice,\x01auth=Bearer bad\x01\x01");
    await c.raw(`a AUTHENTICATE OAUTHBEARER ${bad}\r\n`);
    assert.match(atob((await c.line()).slice(2)), /"status":"invalid_token"/);
    await c.raw("AQ==\r\n");
    assert.match(await c.line(), /^a NO \[AUTHENTICATIONFAILED\]/);
    const mallory = btoa("user=mallory\x01auth=Bearer good\x01\x01");
    await c.raw(`b AUTHENTICATE XOAUTH2 ${mallory}\r\n`);
    assert.match(await c.line(), /^\+ /);
    await c.raw("\r\n");
    assert.match(await c.line(), /^b NO \[AUTHENTICATIONFAILED\]/);
    const good = btoa("n,,\x01auth=Bearer good\x01\x01");
    await c.raw(`c AUTHENTICATE OAUTHBEARER ${good}\r\n`);
    assert.match(await c.line(), /^c OK /);
  }, { auth });
});

Deno.test("literals that are too long are refused, and the stream goes on", () =>
  withImap(async (server) => {
    const c = await server.connect();
    await c.raw("a LOGIN {99999999999999999999}\r\n");
    assert.match(await c.line(), /^a BAD \[TOOBIG\]/);
    await c.raw("b LOGIN {-1}\r\n");
    assert.match(await c.line(), /^b BAD/);
    await c.raw("c LOGIN {5}\r\n");
    assert.match(await c.line(), /^\+ /);
    await c.raw("alice {0}\r\n");
    assert.match(await c.line(), /^\+ /);
    await c.raw("\r\n");
    assert.match(await c.line(), /^c NO/);
    await c.raw("d LOGIN {99999999+}\r\n");
    assert.match(await c.line(), /^d BAD \[TOOBIG\]/);
    assert.match(await c.line(), /^\* BYE/);
    assert.ok(await c.ended());
  }));

Deno.test("a line without end ends the connection", () =>
  withImap(async (server) => {
    const c = await server.connect();
    await c.raw("a".repeat(10_000));
    assert.match(await c.line(), /^\* BYE/);
    assert.ok(await c.ended());
  }));

Deno.test("nonsense is BAD, too much of it the end", () =>
  withImap(async (server) => {
    const c = await server.connect();
    await c.raw("\r\n");
    assert.match(await c.line(), /^\* BAD/);
    await c.raw("GET / HTTP/1.1\r\n");
    assert.match(await c.line(), /^GET BAD/);
    await c.raw("a NOOP\0\r\n");
    assert.match(await c.line(), /^a BAD/);
    for (let n = 0; n < 17; n++) await c.raw("a XYZZY\r\n");
    assert.ok(await c.ended());
  }));

Deno.test("APPEND is refused before the message is sent", () =>
  withImap(async (server) => {
    server.storage.appendLimitBytes = 1000;
    const c = await server.connect();
    await c.ok("LOGIN alice secret");
    assert.match(await c.run("APPEND None {10}"), /NO \[TRYCREATE\]/);
    assert.match(await c.run("APPEND INBOX {1001}"), /NO \[TOOBIG\]/);
    assert.match(await c.run("APPEND INBOX"), /BAD/);
    assert.match(await c.run("APPEND INBOX (\\Bogus) {10}"), /BAD/);
    // Sent without waiting: the answer comes, and the stream goes on.
    const body = "x".repeat(1001);
    assert.match(
      await c.run(`APPEND INBOX {1001+}\r\n${body}`),
      /NO \[TOOBIG\]/,
    );
    assert.match(
      await c.run(`APPEND None {3+}\r\nabc {4+}\r\nabcd`),
      /NO \[TRYCREATE\]/,
    );
    assert.match(await c.ok("STATUS INBOX (MESSAGES)"), /MESSAGES 0/);
    await c.raw("a APPEND INBOX (\\Bogus) {10+}\r\n");
    // The answer does not wait for the message, which is dropped.
    assert.match(await c.line(), /^a BAD/);
    await c.raw("x NOOP\r\nx\r\n");
    await c.ok("NOOP");
    await c.ok("UNAUTHENTICATE");
    await c.raw("a APPEND INBOX {10+}\r\n");
    assert.match(await c.line(), /^a BAD/);
    assert.match(await c.line(), /^\* BYE/);
    assert.ok(await c.ended());
  }));

Deno.test("MULTIAPPEND stores all messages or none", () =>
  withImap(async (server) => {
    const c = await server.select();
    const [one, two] = [message("one"), message("two")];
    const both =
      `{${one.length}+}\r\n${one} (\\Seen) {${two.length}+}\r\n${two}`;
    const answer = await c.ok(`APPEND INBOX ${both}`);
    assert.match(answer, /\* 2 EXISTS[^]*APPENDUID 1000 1:2/);
    assert.match(await c.ok("FETCH 2 FLAGS"), /\\Seen/);
    const broken = `{${one.length}+}\r\n${one} (\\Bogus) {3}\r\n`;
    await c.raw(`a APPEND INBOX ${broken}`);
    assert.match(await c.until("a "), /a BAD/);
    assert.match(await c.ok("STATUS INBOX (MESSAGES)"), /MESSAGES 2/);
  }));

Deno.test("the mailbox of APPEND may be a literal", () =>
  withImap(async (server) => {
    const c = await server.select();
    assert.match(
      await c.ok("APPEND {5+}\r\nINBOX (\\Seen) {3+}\r\nabc"),
      /APPENDUID/,
    );
  }));

Deno.test("a fault of the store is NO with a reference that the log has", () => {
  const lines: [string, LogFields | undefined][] = [];
  const note = (event: string, fields?: LogFields): void => {
    lines.push([event, fields]);
  };
  const log: Log = {
    debug: note,
    info: note,
    warn: note,
    error: note,
    with: () => log,
  };
  return withImap(async (server) => {
    const c = await server.select();
    const failing = (error: unknown) => (method: string): void => {
      if (method === "listMailboxes") throw error;
    };
    server.storage.onCall = failing(new TypeError("secret detail"));
    const answer = await c.run('LIST "" *');
    const reference = /NO \[SERVERBUG\] .*reference (\w+)/.exec(answer)?.[1];
    assert.ok(reference);
    assert.doesNotMatch(answer, /detail/);
    assert.ok(lines.some(([, fields]) => fields?.reference === reference));
    server.storage.onCall = failing(new UnavailableError("gone"));
    assert.match(await c.run('LIST "" *'), /NO \[UNAVAILABLE\]/);
    server.storage.onCall = failing(new StorageError("busy", "x"));
    assert.match(await c.run('LIST "" *'), /NO \[INUSE\]/);
    server.storage.onCall = undefined;
    await c.ok('LIST "" *');
    const text = JSON.stringify(lines);
    assert.doesNotMatch(text, /LOGIN|"secret"/);
  }, { log });
});

Deno.test("an account has no more sessions than it may", () =>
  withImap(
    async (server) => {
      const one = await server.select();
      await server.select();
      const three = await server.connect();
      assert.match(await three.run("LOGIN alice secret"), /NO \[LIMIT\]/);
      await three.ok("LOGIN bob secret");
      await one.ok("LOGOUT");
      assert.ok(await one.ended());
      await server.select();
    },
    {},
    { maxSessionsPerAccount: 2 },
  ));

Deno.test("drain says BYE to those who wait and to those who idle", () =>
  withImap(async (server) => {
    const waiting = await server.select();
    const idling = await server.select();
    await idling.raw("a IDLE\r\n");
    await idling.line();
    for (const loop of server.loops) await loop.drain();
    assert.match(await waiting.line(), /^\* BYE/);
    assert.ok(await waiting.ended());
    assert.match(await idling.until("* BYE"), /a OK/);
    assert.ok(await idling.ended());
  }));

Deno.test("hidden capabilities are not advertised", () =>
  withImap(
    async (server) => {
      const c = await server.select();
      const words = await c.ok("CAPABILITY");
      assert.doesNotMatch(words, /CONDSTORE/);
      assert.match(words, / IDLE /);
      assert.match(await c.ok("ENABLE CONDSTORE"), /\* ENABLED\r\n/);
    },
    {},
    { hiddenCapabilities: new Set(["CONDSTORE"]) },
  ));

Deno.test("a hidden extension of a command leaves the command", () =>
  withImap(
    async (server) => {
      const c = await server.select();
      const words = await c.ok("CAPABILITY");
      assert.doesNotMatch(
        words,
        /CATENATE|URL-PARTIAL|PARTIAL|CONTEXT|FUZZY|SORT|DISPLAY/,
      );
      assert.match(words, /ESEARCH/);
      await c.ok("SEARCH ALL");
      await c.ok("APPEND INBOX {2+}\r\nx\n");
      assert.match(await c.run("SORT (DATE) UTF-8 ALL"), /BAD Unknown command/);
    },
    {},
    {
      hiddenCapabilities: new Set([
        "CATENATE",
        "URL-PARTIAL",
        "CONTEXT=SEARCH",
        "PARTIAL",
        "SEARCH=FUZZY",
        "SORT",
      ]),
    },
  ));

Deno.test("a hidden mechanism is not taken", () =>
  withImap(
    async (server) => {
      const c = await server.connect();
      assert.match(await c.ok("CAPABILITY"), /^(?!.*AUTH=PLAIN).*AUTH=LOGIN/);
      const initial = btoa("\0alice\0secret");
      assert.match(
        await c.run(`AUTHENTICATE PLAIN ${initial}`),
        /NO \[CANNOT\] That mechanism is not offered/,
      );
    },
    {},
    { hiddenCapabilities: new Set(["AUTH=PLAIN"]) },
  ));

Deno.test("commands of hidden capabilities are unknown, for accounts too", () =>
  withImap(
    async (server) => {
      const c = await server.select();
      const words = await c.ok("CAPABILITY");
      assert.doesNotMatch(words, /UNAUTHENTICATE|DEFLATE|QRESYNC|rev2/);
      assert.match(await c.run("UNAUTHENTICATE"), /BAD Unknown command/);
      assert.match(await c.run("COMPRESS DEFLATE"), /BAD Unknown command/);
      assert.match(await c.ok("ENABLE QRESYNC IMAP4rev2"), /\* ENABLED\r\n/);
      const other = await server.connect();
      await other.ok("LOGIN bob secret");
      assert.match(
        await other.ok("CAPABILITY"),
        /IMAP4rev2 .*QRESYNC.*DEFLATE/,
      );
      assert.match(await other.run("UNAUTHENTICATE"), /BAD Unknown command/);
    },
    {},
    {
      hiddenCapabilities: new Set(["UNAUTHENTICATE"]),
      hiddenFor: (account) =>
        new Set(
          account === "alice"
            ? ["QRESYNC", "COMPRESS=DEFLATE", "IMAP4REV2"]
            : [],
        ),
    },
  ));

Deno.test("whoever does not log in is sent away, whatever it sends", () => {
  const clock = new FakeClock();
  return withImap(async (server) => {
    const stranger = await server.connect();
    const user = await server.connect();
    await user.ok("LOGIN alice secret");
    clock.advance(2 * 60_000);
    await stranger.ok("NOOP");
    clock.advance(60_000);
    await stranger.ok("NOOP");
    assert.ok(await stranger.ended());
    await user.ok("NOOP");
    await user.ok("NOOP");
  }, { clock });
});

Deno.test("a client that leaves within a literal is no error of the server", async () => {
  const errors: unknown[] = [];
  const log: Log = {
    ...SILENT_LOG,
    with: () => log,
    error: (event, fields) => errors.push([event, fields]),
  };
  await withImap(async (server) => {
    const c = await server.select();
    await c.append(`Subject: x\r\n\r\n${"y".repeat(1_000_000)}`);
    server.storage.onCall = (method): void => {
      if (method === "open") c.close();
    };
    await c.raw("a FETCH 1 BODY[]\r\n");
    await c.ended().catch(() => {});
  }, { log });
  assert.deepEqual(errors, []);
});

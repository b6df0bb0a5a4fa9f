/** Names, options and answers of METADATA. RFC 5464. */
import assert from "node:assert/strict";
import { WireSyntaxError } from "#src/errors/errors.ts";
import { type ImapTestServer, withImap } from "#tests/support/imap_server.ts";
import { MemoryStorage } from "#tests/support/memory_storage.ts";
import { MailboxViews } from "./mailbox_views.ts";
import {
  parseEntryName,
  parseEntryNames,
  parseMetadataOptions,
} from "./metadata_entries.ts";
import { MAX_METADATA_NAME, MAX_METADATA_NAMES } from "./metadata_limits.ts";
import type { MetadataEntry, StoragePowers } from "./powers.ts";
import { Cursor } from "./wire/cursor.ts";

function cursorOf(text: string): Cursor {
  return new Cursor(Uint8Array.from(text, (char) => char.charCodeAt(0)));
}

/** A name as a quoted string, or as a literal where that can not be. */
function wire(name: string): string {
  return /["\\\r\n\0\u0080-\u00ff]/.test(name)
    ? `{${name.length}+}\r\n${name}`
    : `"${name}"`;
}

Deno.test("names of entries are the same in any case of letters", () => {
  for (const form of ["/Shared/Comment", '"/Shared/Comment"']) {
    assert.deepEqual(parseEntryName(cursorOf(form)), {
      given: "/Shared/Comment",
      name: "/shared/comment",
    });
  }
  for (const name of ["/private", "/shared", "/private/vendor/x/y.z-1"]) {
    assert.equal(parseEntryName(cursorOf(name)).name, name);
  }
});

Deno.test("what can be no name of an entry is refused, byte by byte", () => {
  const wrong = [
    "",
    "/",
    "comment",
    "/comment",
    "/privately/x",
    "/private/",
    "/private//x",
    "/private/x/",
    "x/private/y",
    `/private/${"x".repeat(MAX_METADATA_NAME)}`,
  ];
  for (const name of wrong) {
    assert.throws(() => parseEntryName(cursorOf(wire(name))), WireSyntaxError);
  }
  const longest = `/private/${"x".repeat(MAX_METADATA_NAME - 9)}`;
  assert.equal(parseEntryName(cursorOf(longest)).name, longest);
  for (let byte = 0; byte < 256; byte++) {
    const char = String.fromCharCode(byte);
    const isTaken = byte > 0x20 && byte < 0x7f && !"*%/".includes(char);
    const parse = (): unknown =>
      parseEntryName(cursorOf(wire(`/private/a${char}`)));
    if (isTaken) parse();
    else assert.throws(parse, WireSyntaxError, `byte ${byte}`);
  }
});

Deno.test("names come alone or as a list that has an end", () => {
  const names = (text: string): string[] =>
    parseEntryNames(cursorOf(text)).map(({ name }) => name);
  assert.deepEqual(names("/private/a"), ["/private/a"]);
  assert.deepEqual(names("(/private/a /shared/b)"), [
    "/private/a",
    "/shared/b",
  ]);
  const many = new Array(MAX_METADATA_NAMES).fill("/private/a").join(" ");
  assert.equal(names(`(${many})`).length, MAX_METADATA_NAMES);
  for (
    const text of [`(${many} /private/a)`, "()", "(/private/a", "(/private/a,"]
  ) {
    assert.throws(() => names(text), WireSyntaxError);
  }
});

Deno.test("options in any order; what is none is refused", () => {
  const options = (text: string): unknown =>
    parseMetadataOptions(cursorOf(text));
  assert.deepEqual(options("(MAXSIZE 1024 DEPTH 1)"), {
    maxBytes: 1024,
    depth: 1,
  });
  assert.deepEqual(options("(depth infinity)"), {
    maxBytes: Infinity,
    depth: "infinity",
  });
  assert.deepEqual(options("(DEPTH 0 MAXSIZE 0)"), { maxBytes: 0, depth: 0 });
  const wrong = [
    "()",
    "(DEPTH 2)",
    "(DEPTH)",
    "(MAXSIZE -1)",
    "(MAXSIZE 99999999999)",
    "(SIZE 1)",
    "(DEPTH 1",
  ];
  for (const text of wrong) {
    assert.throws(() => options(text), WireSyntaxError, text);
  }
});

/** Answers with the same annotations whatever it is asked for. */
class FixedStorage extends MemoryStorage {
  entries: readonly MetadataEntry[] = [];
  readonly powers: StoragePowers = {
    metadata: {
      get: () => Promise.resolve(this.entries),
      set: () => Promise.resolve(),
    },
  };
}

function withFixed(
  test: (server: ImapTestServer, backend: FixedStorage) => Promise<void>,
): Promise<void> {
  const backend = new FixedStorage();
  const views = new MailboxViews(backend);
  return withImap((server) => test(server, backend), { backend, views });
}

function entry(name: string, value: string): MetadataEntry {
  return {
    name,
    value: Uint8Array.from(value, (char) => char.charCodeAt(0)),
  };
}

/** The answer without its last line. */
async function answer(
  server: ImapTestServer,
  command: string,
): Promise<readonly [untagged: string, tagged: string]> {
  const client = await server.connect();
  await client.ok("LOGIN alice secret");
  const text = await client.ok(command);
  const [, untagged = "", tagged = ""] =
    /^([^]*?)T\d+ (OK .*)\r\n$/.exec(text) ??
      [];
  return [untagged, tagged];
}

Deno.test("values are written so that no byte of them is taken for another", () =>
  withFixed(async (server, backend) => {
    backend.entries = [
      entry("/private/a", 'quote " and \\'),
      entry("/private/b", "line\r\n* BYE\r\n"),
      entry("/private/c", "nul\0"),
      entry("/private/d", ""),
      entry("/private/(e", "NIL"),
      entry("/private/f", "\u00c3\u00a4"),
    ];
    const [untagged, tagged] = await answer(
      server,
      "GETMETADATA (DEPTH infinity) INBOX /private",
    );
    assert.match(tagged, /^OK That is all/);
    const parts = [
      '* METADATA "INBOX" (',
      '/private/a "quote \\" and \\\\" ',
      "/private/b {13}\r\nline\r\n* BYE\r\n ",
      "/private/c ~{4}\r\nnul\0 ",
      '/private/d "" ',
      '"/private/(e" "NIL" ',
    ];
    const start = parts.join("");
    assert.equal(untagged.slice(0, start.length), start);
    assert.match(
      untagged.slice(start.length),
      /^\/private\/f \{2\}\r\n[^]{1,2}\)\r\n$/,
    );
  }));

Deno.test("names come back as they were asked for; what is not there is NIL", () =>
  withFixed(async (server, backend) => {
    backend.entries = [entry("/private/comment", "x")];
    const [untagged] = await answer(
      server,
      "GETMETADATA INBOX (/Private/COMMENT /SHARED/Comment)",
    );
    assert.equal(
      untagged,
      '* METADATA "INBOX" (/Private/COMMENT "x" /SHARED/Comment NIL)\r\n',
    );
    // Below a name nobody can say what is not there.
    backend.entries = [];
    const [none, tagged] = await answer(
      server,
      "GETMETADATA (DEPTH 1) INBOX (/private)",
    );
    assert.equal(none, "");
    assert.match(tagged, /^OK That is all/);
  }));

Deno.test("what is too long is left out, and the longest is told", () =>
  withFixed(async (server, backend) => {
    backend.entries = [
      entry("/private/a", "123"),
      entry("/private/b", "12345"),
      entry("/private/c", "1234"),
    ];
    const [untagged, tagged] = await answer(
      server,
      "GETMETADATA (MAXSIZE 3) INBOX (/private/a /private/b /private/c)",
    );
    assert.equal(untagged, '* METADATA "INBOX" (/private/a "123")\r\n');
    assert.match(tagged, /^OK \[METADATA LONGENTRIES 5\]/);
  }));

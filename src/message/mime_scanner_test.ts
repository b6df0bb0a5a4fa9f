import assert from "node:assert/strict";
import { decodeLatin1, encodeLatin1 } from "#src/bytes/latin1.ts";
import { HeaderBlock } from "./header_block.ts";
import type { MimePart } from "./mime_part.ts";
import { MimeScanner } from "./mime_scanner.ts";

function scan(type: string, body: string, chunk = 65_536): MimePart {
  const header = new HeaderBlock(
    encodeLatin1(type === "" ? "\r\n" : `Content-Type: ${type}\r\n\r\n`),
  );
  const scanner = new MimeScanner(header);
  const bytes = encodeLatin1(body);
  for (let at = 0; at < bytes.length; at += chunk) {
    scanner.write(bytes.subarray(at, at + chunk));
  }
  return scanner.end();
}

/** `type(lines)"content"`, containers with their parts in brackets. */
function shape(part: MimePart, body: string): string {
  const name = `${part.type.type}/${part.type.subtype}`;
  if (part.kind === "multipart") {
    return `${name}[${part.children.map((p) => shape(p, body)).join(" ")}]`;
  }
  if (part.message !== undefined) {
    return `${name}<${shape(part.message, body)}>`;
  }
  const content = JSON.stringify(body.slice(part.bodyStart, part.bodyEnd));
  return `${name}(${part.lines})${content}`;
}

const CASES: readonly [string, string, string][] = [
  ["", "", 'text/plain(0)""'],
  ["", "a\r\nb", 'text/plain(1)"a\\r\\nb"'],
  ["", "--x\r\n", 'text/plain(1)"--x\\r\\n"'],
  ["multipart/mixed; boundary=x", "", "multipart/mixed[]"],
  ["multipart/mixed", "--x\r\n\r\na\r\n--x--", "multipart/mixed[]"],
  [
    "multipart/mixed; boundary=x",
    "--x\r\n\r\na\r\n--x--",
    'multipart/mixed[text/plain(0)"a"]',
  ],
  [
    "multipart/mixed; boundary=x",
    "pre\r\n--x \t\r\n\r\na\r\n\r\n--x-- \r\n--x\r\n\r\nepilogue",
    'multipart/mixed[text/plain(1)"a\\r\\n"]',
  ],
  [
    "multipart/mixed; boundary=x",
    "--x\n\na\n--x\n\nb",
    'multipart/mixed[text/plain(0)"a" text/plain(0)"b"]',
  ],
  // A boundary within a header, and right after another one.
  [
    "multipart/mixed; boundary=x",
    "--x\r\nContent-Type: text/html\r\n--x\r\n--x\r\n\r\n--x--",
    'multipart/mixed[text/html(0)"" text/plain(0)"" text/plain(0)""]',
  ],
  // Not boundaries: other text after it, not at the start of a line.
  [
    "multipart/mixed; boundary=x",
    "--x\r\n\r\n--xy\r\n --x\r\na--x\r\n-- x\r\n--x---\r\n--x--",
    'multipart/mixed[text/plain(4)"--xy\\r\\n --x\\r\\na--x\\r\\n-- x\\r\\n--x---"]',
  ],
  // The same boundary inside: the innermost is meant until it is closed.
  [
    "multipart/mixed; boundary=x",
    "--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x--\r\n--x\r\n\r\nb\r\n--x--\r\n",
    'multipart/mixed[multipart/mixed[text/plain(0)"a"] text/plain(0)"b"]',
  ],
  // An outer boundary ends everything inside, messages too.
  [
    "multipart/mixed; boundary=x",
    "--x\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\na\r\n--x\r\n\r\nb\r\n--x--",
    'multipart/mixed[message/rfc822<multipart/mixed[text/plain(0)"a"]> text/plain(0)"b"]',
  ],
  [
    "multipart/digest; boundary=x",
    "--x\r\n\r\nSubject: s\r\n\r\na\r\n--x\r\nContent-Type: text/plain\r\n\r\nb\r\n--x--",
    'multipart/digest[message/rfc822<text/plain(0)"a"> text/plain(0)"b"]',
  ],
  [
    "message/rfc822",
    "Subject: only a header",
    'message/rfc822<text/plain(0)"">',
  ],
  ["message/rfc822", "", 'message/rfc822<text/plain(0)"">'],
  ["message/rfc822", "\r\nbody", 'message/rfc822<text/plain(0)"body">'],
];

Deno.test("MimeScanner finds the parts, in chunks of any size", () => {
  for (const [type, body, expected] of CASES) {
    for (const chunk of [1, 2, 3, 5, 7, 65_536]) {
      assert.equal(shape(scan(type, body, chunk), body), expected, body);
    }
  }
});

Deno.test("a line break before a boundary belongs to the boundary", () => {
  const root = scan(
    "multipart/mixed; boundary=x",
    "--x\r\nA: b\r\n\r\nab\r\n--x--\r\n",
  );
  const [part] = root.children;
  assert.deepEqual(
    [part?.headerStart, part?.bodyStart, part?.bodyEnd],
    [5, 13, 15],
  );
  assert.equal(
    decodeLatin1(part?.header.bytes ?? new Uint8Array()),
    "A: b\r\n\r\n",
  );
  assert.deepEqual([root.bodyStart, root.bodyEnd], [0, 24]);
});

function depthOf(part: MimePart): number {
  let depth = 0;
  let at: MimePart | undefined = part;
  while (at !== undefined) {
    depth++;
    at = at.message ?? at.children[0];
  }
  return depth;
}

Deno.test("nesting ends at 100, whatever is nested", () => {
  const multiparts = Array.from(
    { length: 10_000 },
    (_, i) =>
      `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  ).join("");
  const root = scan("multipart/mixed; boundary=x", `--x\r\n${multiparts}`);
  assert.ok(depthOf(root) <= 102);
  const messages = "Content-Type: message/rfc822\r\n\r\n".repeat(10_000);
  assert.ok(depthOf(scan("message/rfc822", messages)) <= 102);
  const cyclic = "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n";
  const same = scan(
    "multipart/mixed; boundary=x",
    `--x\r\n${cyclic.repeat(10_000)}`,
  );
  assert.ok(depthOf(same) <= 102);
});

Deno.test("parts end at 10,000: the rest is content of the last one", () => {
  const root = scan("multipart/mixed; boundary=x", "--x\r\n".repeat(200_000));
  assert.ok(root.children.length < 10_000);
  assert.equal(root.children.length, 9_999);
});

Deno.test("headers of parts are kept up to a limit, cut alike in any chunks", () => {
  const long = `--x\r\nSubject: ${
    "a".repeat(1_000_000)
  }\r\nA: b\r\n\r\nbody\r\n--x--`;
  const lengths = [1_000, 65_536, 2_000_000].map((chunk) => {
    const [part] = scan("multipart/mixed; boundary=x", long, chunk).children;
    assert.equal((part?.bodyEnd ?? 0) - (part?.bodyStart ?? 0), 4);
    return part?.header.bytes.length;
  });
  assert.deepEqual(lengths, [65_536, 65_536, 65_536]);
  const many = `--x\r\nA: ${"a".repeat(60_000)}\r\n\r\n`.repeat(200);
  const kept = scan("multipart/mixed; boundary=x", many).children
    .reduce((sum, part) => sum + part.header.bytes.length, 0);
  assert.ok(kept <= 4 * 1024 * 1024);
});

Deno.test("hostile bodies are read in linear time", () => {
  const hostile = [
    "--x",
    "--",
    "-",
    "\r",
    "\n",
    "--x\r",
    "--x ",
    "--x\n\n",
    "--x--\n",
    "\0",
  ];
  for (const seed of hostile) {
    const body = seed.repeat(Math.floor(1_000_000 / seed.length));
    const root = scan("multipart/mixed; boundary=x", body, 4_096);
    assert.equal(root.bodyEnd, body.length);
  }
});

Deno.test("a message without end of header stays in its part", () => {
  for (const end of ["\r\n", "\n"]) {
    const body = [
      "--x",
      "Content-Type: message/rfc822",
      "",
      "A: b",
      "--x--",
      "",
    ]
      .join(end);
    for (const chunk of [1, 1_000]) {
      const [part] = scan("multipart/mixed; boundary=x", body, chunk).children;
      const { bodyStart = 0, bodyEnd = 0, message } = part ?? {};
      assert.equal(body.slice(bodyStart, bodyEnd), "A: b");
      assert.equal(message?.bodyStart, bodyEnd);
      assert.equal(message?.bodyEnd, bodyEnd);
    }
  }
});

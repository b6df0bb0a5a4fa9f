import assert from "node:assert/strict";
import { decodeLatin1, encodeLatin1 } from "#src/bytes/latin1.ts";
import { findHeaderEnd, HeaderBlock } from "#src/message/header_block.ts";
import type { MessageSummary } from "./summary.ts";
import { summarizeBytes, SummaryBuilder } from "./summary_builder.ts";

/** Line feeds become CRLF; characters are bytes. */
function summaryOf(text: string): MessageSummary {
  return summaryOfBytes(encodeLatin1(text.replaceAll("\n", "\r\n")));
}

function summaryOfBytes(bytes: Uint8Array): MessageSummary {
  const end = findHeaderEnd(bytes) ?? bytes.length;
  return summarizeBytes(
    new HeaderBlock(bytes.subarray(0, end)),
    bytes.subarray(end),
  );
}

function fixture(name: string): MessageSummary {
  const url = new URL(
    `../../tests/fixtures/messages/${name}.eml`,
    import.meta.url,
  );
  return summaryOfBytes(Deno.readFileSync(url));
}

const wire = (bytes: Uint8Array): string => decodeLatin1(bytes);

Deno.test("ENVELOPE and BODY are those of RFC 9051 section 8", () => {
  const { envelope, bodyBasic } = summaryOf(
    `Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
From: Terry Gray <gray@cac.washington.edu>
Subject: IMAP4rev2 WG mtg summary and minutes
To: imap@cac.washington.edu
cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>
Message-Id: <B27397-0100000@cac.washington.edu>
MIME-Version: 1.0
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

a
b
`,
  );
  const gray = '(("Terry Gray" NIL "gray" "cac.washington.edu"))';
  assert.equal(
    wire(envelope),
    '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" ' +
      '"IMAP4rev2 WG mtg summary and minutes" ' +
      `${gray} ${gray} ${gray} ((NIL NIL "imap" "cac.washington.edu")) ` +
      '((NIL NIL "minutes" "CNRI.Reston.VA.US")' +
      '("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL ' +
      '"<B27397-0100000@cac.washington.edu>")',
  );
  assert.equal(
    wire(bodyBasic),
    '("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 6 2)',
  );
});

Deno.test("an empty header has an envelope of NILs and an empty text", () => {
  for (const text of ["", "\n"]) {
    const summary = summaryOf(text);
    const nils = Array(10).fill("NIL").join(" ");
    assert.equal(wire(summary.envelope), `(${nils})`);
    assert.equal(
      wire(summary.bodyStructure),
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)',
    );
    assert.equal(summary.sentAt, undefined);
    assert.equal(summary.messageId, "");
    assert.equal(summary.preview, "");
  }
});

Deno.test("absent fields are NIL, empty ones are empty strings", () => {
  const { envelope } = summaryOf("Subject:\nTo:\nIn-Reply-To: \n\n");
  assert.equal(
    wire(envelope),
    '(NIL "" NIL NIL NIL NIL NIL NIL "" NIL)',
  );
});

Deno.test("Sender and Reply-To are From where they are missing or empty", () => {
  const { envelope } = summaryOf("From: a@b\nReply-To:\nSender: c@d\n\n");
  assert.equal(
    wire(envelope),
    '(NIL NIL ((NIL NIL "a" "b")) ((NIL NIL "c" "d")) ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL)',
  );
});

Deno.test("groups, routes and missing domains follow RFC 9051 section 7.5.2", () => {
  const { envelope } = summaryOf(
    "To: g: a@b, c;, d\nCc: none:;\nBcc: <@r1,@r2:x@y>\n\n",
  );
  assert.equal(
    wire(envelope),
    "(NIL NIL NIL NIL NIL " +
      '((NIL NIL "g" NIL)(NIL NIL "a" "b")(NIL NIL "c" "")(NIL NIL NIL NIL)(NIL NIL "d" "")) ' +
      '((NIL NIL "none" NIL)(NIL NIL NIL NIL)) ' +
      '((NIL "@r1,@r2" "x" "y")) NIL NIL)',
  );
});

Deno.test("strings are quoted where they can be and literals elsewhere", () => {
  const subject = (value: string): string =>
    wire(summaryOf(`Subject: ${value}\n\n`).envelope);
  const rest = "NIL NIL NIL NIL NIL NIL NIL NIL)";
  assert.equal(subject('a "b" \\c'), `(NIL "a \\"b\\" \\\\c" ${rest}`);
  assert.equal(subject("\xfc\xdf"), `(NIL {2}\r\n\xfc\xdf ${rest}`);
  assert.equal(subject("a\0b"), `(NIL {3}\r\na\x80b ${rest}`);
  assert.equal(subject("a\n b\n\tc"), `(NIL "a b\tc" ${rest}`);
  assert.equal(
    subject("x".repeat(5_000)),
    `(NIL {5000}\r\n${"x".repeat(5_000)} ${rest}`,
  );
});

Deno.test("BODYSTRUCTURE of a message inside has its envelope and body", () => {
  const { bodyStructure, bodyBasic } = fixture("forwarded");
  const inner = '((("text" "plain" NIL NIL NIL "7bit" 10 0)';
  assert.ok(wire(bodyBasic).includes(inner.slice(1)));
  assert.equal(
    wire(bodyStructure),
    '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 13 0 NIL NIL NIL NIL)' +
      '("message" "rfc822" NIL NIL "the original" "7bit" 257 ' +
      '(NIL "inner" (("Carol" NIL "carol" "third.test")) (("Carol" NIL "carol" "third.test")) (("Carol" NIL "carol" "third.test")) ((NIL NIL "bob" "sender.test")) NIL NIL NIL "<inner@third.test>") ' +
      '(("text" "plain" NIL NIL NIL "7bit" 10 0 NIL NIL NIL NIL)("text" "html" NIL NIL NIL "7bit" 17 0 NIL NIL NIL NIL) "alternative" ("boundary" "g") NIL NIL NIL) ' +
      '15 NIL NIL NIL NIL) "mixed" ("boundary" "f") NIL NIL NIL)',
  );
});

Deno.test("BODYSTRUCTURE carries disposition, MD5, languages and location", () => {
  assert.equal(
    wire(fixture("flowed_base64_text").bodyStructure),
    '("text" "plain" ("charset" "utf-8" "format" "flowed") NIL NIL "base64" 46 1 ' +
      '"Q2hlY2sgSW50ZWdyaXR5IQ==" NIL ("en" "de-AT") "http://example.org/a")',
  );
  assert.equal(
    wire(fixture("rfc2231_name").bodyStructure),
    '("application" "pdf" ("name*" "utf-8\'\'%e2%82%ac%20rates%20of%20the%20day.pdf") ' +
      'NIL NIL "base64" 10 NIL ("attachment" ("filename*" "utf-8\'\'%e2%82%ac.pdf")) NIL NIL)',
  );
});

Deno.test("a multipart without parts has an empty text, as the grammar wants", () => {
  assert.equal(
    wire(fixture("no_boundary_parameter").bodyBasic),
    '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) "mixed")',
  );
});

Deno.test("8-bit headers go out as the bytes that came", () => {
  const { envelope, sortFrom } = fixture("eight_bit_header");
  assert.ok(
    wire(envelope).includes(
      "(({7}\r\nJ\xc3\xbcrgen NIL {3}\r\nj\xc3\xbc {12}\r\nb\xc3\xbccher.test))",
    ),
  );
  assert.ok(wire(envelope).includes("{15}\r\nGr\xfc\xdfe in latin1"));
  assert.equal(sortFrom, "j\u00fc@b\u00fccher.test");
});

Deno.test("what sorting, threading and lists need", () => {
  const words = fixture("encoded_words");
  assert.equal(words.baseSubject, "Gr\u00fc\u00dfe aus Berlin");
  assert.equal(words.sentAt, Date.UTC(2026, 10, 23, 7, 10));
  assert.equal(words.messageId, "<encoded@sender.test>");
  assert.deepEqual(words.references, ["<zero@x>", "<one@x>", "<two@x>"]);
  assert.deepEqual(
    [words.sortFrom, words.sortTo, words.sortCc],
    ["j@sender.test", "ed@a.test", "alice@example.org"],
  );
  assert.equal(
    fixture("alternative").preview,
    "Gr\u00fc\u00dfe, this line is softly broken. Next line.",
  );
  assert.equal(
    fixture("flowed_base64_text").preview,
    "Gr\u00fc\u00dfe aus Berlin next line",
  );
  assert.equal(fixture("japanese").preview, "\u65e5\u672c\u8a9e");
  assert.equal(fixture("nested").preview, "footer");
});

Deno.test("attachments are told from text and images inside it", () => {
  const names = ["attachment", "rfc2231_name"];
  for (const name of names) assert.ok(fixture(name).hasAttachment, name);
  for (const name of ["plain", "alternative", "nested", "forwarded"]) {
    assert.ok(!fixture(name).hasAttachment, name);
  }
  assert.equal(
    fixture("rfc2231_name").structure.filename,
    "\u20ac.pdf",
  );
});

Deno.test("a part without a closing boundary reaches to the end", () => {
  const { structure } = fixture("unterminated");
  const last = structure.children?.at(-1);
  assert.equal(last?.bodyEnd, structure.bodyEnd);
  assert.equal(last?.type, "text/html");
});

Deno.test("a delivery report keeps its parts as leaves", () => {
  const { structure, bodyBasic } = fixture("report");
  assert.deepEqual(
    structure.children?.map(({ type }) => type),
    ["text/plain", "message/delivery-status", "text/rfc822-headers"],
  );
  assert.ok(
    wire(bodyBasic).includes(
      '("message" "delivery-status" NIL NIL NIL "7bit" 114)',
    ),
    wire(bodyBasic),
  );
});

Deno.test("hostile headers have a bounded summary", () => {
  const seeds = [
    "a@b,",
    "<",
    "(",
    '"',
    "=?utf-8?q?=41?= ",
    ";a*0=b",
    "a:;",
    "\xff",
    "\0",
    "<a@b> ",
    "[",
    "re:",
    "\n ",
    " ",
  ];
  const fields = [
    "Subject",
    "From",
    "To",
    "Date",
    "Message-ID",
    "References",
    "In-Reply-To",
    "Content-Type: a/b; x",
    "Content-Disposition: a; x",
    "Content-Language",
    "Content-Type: multipart/mixed; boundary",
  ];
  for (const seed of seeds) {
    const value = seed.repeat(Math.ceil(100_000 / seed.length));
    for (const field of fields) {
      const join = field.includes(";") ? "=" : ":";
      const summary = summaryOf(`${field}${join}${value}\n\nbody\n`);
      assert.ok(summary.envelope.length < 2_000_000, field);
      assert.ok(summary.bodyStructure.length < 2_000_000, field);
    }
  }
});

Deno.test("one header line of 1 MB is read once", () => {
  const value = "word ".repeat(200_000);
  const { envelope, baseSubject } = summaryOf(
    `From: ${value}\nTo: ${value}\nSubject: ${value}\n\n`,
  );
  assert.ok(envelope.length < 4_200_000);
  assert.ok(baseSubject.length <= 500);
});

Deno.test("many parts have a summary in bounded memory", () => {
  const builder = new SummaryBuilder(
    new HeaderBlock(
      encodeLatin1("Content-Type: multipart/mixed; boundary=x\r\n\r\n"),
    ),
  );
  const part = encodeLatin1(
    `--x\r\nContent-Type: a/b; name="${"n".repeat(500)}"\r\n\r\n\r\n`,
  );
  for (let i = 0; i < 50_000; i++) builder.write(part);
  const { bodyStructure, structure } = builder.finish();
  assert.equal(structure.children?.length, 9_999);
  assert.ok(bodyStructure.length < 8 * 1024 * 1024);
});

Deno.test("10,000 nested multiparts have a well-formed BODYSTRUCTURE", () => {
  const nested = Array.from(
    { length: 10_000 },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`,
  ).join("");
  const text = wire(summaryOf(`Subject: deep\n${nested}`).bodyStructure);
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === "(") depth++;
    if (character === ")") depth--;
    deepest = Math.max(deepest, depth);
  }
  assert.equal(depth, 0);
  assert.ok(deepest < 110);
});

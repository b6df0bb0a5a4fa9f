import assert from "node:assert/strict";
import { normalDomain } from "./domain.ts";
import {
  formatEnvelopeAddress,
  parseEnvelopeAddress,
  quoteLocalPart,
} from "./envelope_address.ts";
import {
  lookupAddress,
  normalAddress,
  splitAddress,
  splitDetail,
} from "./split_address.ts";

const VALID = [
  "a@b",
  "user.name+tag@example.org",
  "!#$%&'*+-/=?^_`{|}~@example.org",
  '"john doe"@example.org',
  '"a@b"@example.org',
  '"a\\"b"@example.org',
  '""@example.org',
  "user@[192.0.2.1]",
  "user@[IPv6:2001:db8::1]",
  "user@[tag:content]",
  "user@_dmarc.example.org",
  "user@xn--bcher-kva.example",
];

const INVALID = [
  "",
  "@",
  "a@",
  "@b",
  "a",
  ".a@b",
  "a.@b",
  "a..b@c",
  "a b@c",
  "a@b c",
  "a@-b",
  "a@b-",
  "a@b..c",
  "a@b.",
  '"a@b',
  '"a"b@c',
  '"a\r\n"@c',
  "a\0@b",
  "a@[300.1.1.1]",
  "a@[192.0.2.1",
  "a@[IPv6:zz]",
  "a@b@c",
  "<a@b>",
  "a@b\r\nRCPT TO:<x@y>",
  `${"a".repeat(65)}@b`,
  `a@${"b.".repeat(130)}c`,
  `a@${"b".repeat(64)}`,
  "a@b\u00e9",
];

Deno.test("parseEnvelopeAddress() takes what RFC 5321 allows", () => {
  for (const text of VALID) {
    const parsed = parseEnvelopeAddress(text);
    assert.ok(parsed, text);
    assert.equal(formatEnvelopeAddress(parsed), text);
    assert.equal(parsed.isLiteral, text.includes("["));
  }
});

Deno.test("parseEnvelopeAddress() refuses everything else", () => {
  for (const text of INVALID) {
    assert.equal(parseEnvelopeAddress(text), undefined, JSON.stringify(text));
  }
});

Deno.test("parseEnvelopeAddress() takes UTF-8 only where it is allowed", () => {
  const text = "j\u00fcrgen@b\u00fccher.example";
  assert.equal(parseEnvelopeAddress(text), undefined);
  assert.ok(parseEnvelopeAddress(text, { utf8: true })?.needsUtf8);
});

Deno.test("normalDomain() gives lower case A-labels", () => {
  assert.equal(normalDomain("Example.ORG."), "example.org");
  assert.equal(normalDomain("B\u00dccher.example"), "xn--bcher-kva.example");
  assert.equal(normalDomain("xn--bcher-kva.example"), "xn--bcher-kva.example");
  assert.equal(normalDomain("a/b\u00fc"), undefined);
  assert.equal(normalDomain("\uff11.\uff12"), undefined);
  assert.equal(normalDomain("a..b"), undefined);
  assert.equal(normalDomain(""), undefined);
});

Deno.test("lookupAddress() folds both sides, normalAddress() only one", () => {
  assert.equal(normalAddress("Bob@Example.ORG"), "Bob@example.org");
  assert.equal(lookupAddress("Bob@Example.ORG"), "bob@example.org");
  assert.equal(lookupAddress('"Bob"@Example.ORG'), "bob@example.org");
  assert.equal(lookupAddress("u\u0308@x"), "\u00fc@x");
  assert.equal(normalAddress("a@[IPv6:2001:DB8::1]"), "a@[ipv6:2001:db8::1]");
  assert.equal(lookupAddress("Postmaster"), "postmaster");
});

Deno.test("splitAddress() splits at the last at sign", () => {
  assert.deepEqual(splitAddress('"a@b"@c'), {
    localPart: '"a@b"',
    domain: "c",
  });
  assert.deepEqual(splitDetail("a+b+c"), { user: "a", detail: "b+c" });
  assert.deepEqual(splitDetail("+a"), { user: "+a", detail: undefined });
  assert.deepEqual(splitDetail("a-b", "-"), { user: "a", detail: "b" });
});

Deno.test("quoteLocalPart() quotes only where it must", () => {
  assert.equal(quoteLocalPart("a.b"), "a.b");
  assert.equal(quoteLocalPart("a b"), '"a b"');
  assert.equal(quoteLocalPart('a"b'), '"a\\"b"');
  assert.equal(quoteLocalPart(""), '""');
});

import assert from "node:assert/strict";
import { decodeLatin1, encodeLatin1 } from "#src/bytes/latin1.ts";
import { parseContentDisposition, parseContentType } from "./content_type.ts";
import { parameterText } from "./parameter_text.ts";

/** `type/subtype name=value name=value`. */
function parsed(text: string): string | undefined {
  const type = parseContentType(encodeLatin1(text));
  if (type === undefined) return undefined;
  return [
    `${type.type}/${type.subtype}`,
    ...type.parameters.map(({ name, value }) =>
      `${name}=${decodeLatin1(value)}`
    ),
  ].join(" ");
}

const TYPES: readonly [string, string | undefined][] = [
  ["text/plain", "text/plain"],
  [" Text/PLAIN ; CharSet=UTF-8", "text/plain charset=UTF-8"],
  ['text/plain; charset="us-ascii"', "text/plain charset=us-ascii"],
  [
    "text/plain; charset=us-ascii (Plain text)",
    "text/plain charset=us-ascii",
  ],
  ["text (a) / (b) plain (c)", "text/plain"],
  ['a/b; x="q\\"uo\\\\te;d"; y=1', 'a/b x=q"uo\\te;d y=1'],
  ['a/b;\r\n\tx="fol\r\n ded"', "a/b x=fol ded"],
  ["a/b; name=with spaces.pdf; c=d", "a/b name=with spaces.pdf c=d"],
  ["a/b; name=x[1].pdf", "a/b name=x[1].pdf"],
  ["a/b;;; c=d;", "a/b c=d"],
  ["a/b; =c; d; e=; f=g", "a/b e= f=g"],
  ['a/b; x="unclosed', "a/b x=unclosed"],
  ["a/b (unclosed; x=y", "a/b"],
  ["a/b; name=f\xfc.txt", "a/b name=f\xfc.txt"],
  ["a/b x=1; y=2", "a/b y=2"],
  // RFC 2231 section 3 and 4.
  [
    'message/external-body; access-type=URL;\r\n URL*0="ftp://";\r\n URL*1="cs.utk.edu/pub/moore/"',
    "message/external-body access-type=URL url=ftp://cs.utk.edu/pub/moore/",
  ],
  [
    "application/x-stuff; title*=us-ascii'en-us'This%20is",
    "application/x-stuff title*=us-ascii'en-us'This%20is",
  ],
  [
    "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20;\r\n title*1*=%2A%2A%2Afun%2A%2A%2A%20;\r\n title*2=\"isn't it!\"",
    "application/x-stuff title*=us-ascii'en'This%20is%20even%20more%20%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!",
  ],
  ["a/b; x*1=b; x*0=a; x*3=d", "a/b x=ab"],
  ["a/b; x*1=b", "a/b"],
  ["text", undefined],
  ["text/", undefined],
  ["/plain", undefined],
  ["", undefined],
  ["(text/plain)", undefined],
];

Deno.test("parseContentType() reads RFC 2045, RFC 2231 and the field", () => {
  for (const [text, expected] of TYPES) assert.equal(parsed(text), expected);
});

Deno.test("parseContentDisposition() needs a kind only", () => {
  const raw = encodeLatin1('ATTACHMENT; FileName="a b.txt"; size=3');
  const found = parseContentDisposition(raw);
  assert.equal(found?.kind, "attachment");
  assert.equal(parameterText(found?.parameters ?? [], "filename"), "a b.txt");
  assert.equal(parseContentDisposition(encodeLatin1(" ; a=b")), undefined);
});

Deno.test("parameterText() decodes both ways of writing a file name", () => {
  const name = (text: string): string | undefined =>
    parameterText(
      parseContentType(encodeLatin1(`a/b; ${text}`))?.parameters ?? [],
      "name",
    );
  assert.equal(name("name*=utf-8''%e2%82%ac.txt"), "\u20ac.txt");
  assert.equal(name("name*0*=utf-8''%c3;name*1*=%bc.txt"), "\u00fc.txt");
  assert.equal(name("name*=iso-8859-1'en'%A3"), "\u00a3");
  assert.equal(name('name="=?utf-8?q?=C3=BC?="'), "\u00fc");
  assert.equal(name("name=f\xfc"), "f\u00fc");
  assert.equal(name("name*=broken%zz"), "broken%zz");
  assert.equal(name("other=a"), undefined);
});

Deno.test("parameters are bounded on hostile input", () => {
  const thousands = Array.from(
    { length: 50_000 },
    (_, i) => `x*${i}*=%41%42%43`,
  ).join(";");
  parsed(`a/b;${thousands}`);
  for (
    const seed of [
      ";",
      "; a",
      ";a=b",
      ';a="',
      "(",
      ";a=\\",
      ';a*0="x"',
      "; a= b",
    ]
  ) {
    parsed(`a/b${seed.repeat(Math.floor(1_000_000 / seed.length))}`);
  }
});

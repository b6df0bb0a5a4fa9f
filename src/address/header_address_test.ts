import assert from "node:assert/strict";
import { decodeLatin1, encodeLatin1 } from "#src/bytes/latin1.ts";
import { displayAddresses } from "./display_address.ts";
import { MAX_ADDRESSES, parseAddressList } from "./header_address.ts";

/** The list in one line: `name|adl|mailbox|host`, groups as `[name:` and `]`. */
function parsed(text: string): string {
  return parseAddressList(encodeLatin1(text)).map((one) => {
    if (one.kind === "groupStart") return `[${decodeLatin1(one.name)}:`;
    if (one.kind === "groupEnd") return "]";
    const part = (bytes: Uint8Array | undefined): string =>
      bytes === undefined ? "-" : decodeLatin1(bytes);
    return [one.name, one.adl, one.mailbox, one.host].map(part).join("|");
  }).join(" ");
}

const CASES: readonly [string, string][] = [
  // RFC 5322 appendix A.
  ["John Doe <jdoe@machine.example>", "John Doe|-|jdoe|machine.example"],
  [
    '"Joe Q. Public" <john.q.public@example.com>',
    "Joe Q. Public|-|john.q.public|example.com",
  ],
  [
    "Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
    "Mary Smith|-|mary|x.test -|-|jdoe|example.org Who?|-|one|y.test",
  ],
  [
    '<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
    '-|-|boss|nil.test Giant; "Big" Box|-|sysservices|example.net',
  ],
  [
    "A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
    "[A Group: Ed Jones|-|c|a.test -|-|joe|where.test John|-|jdoe|one.test ]",
  ],
  ["Undisclosed recipients:;", "[Undisclosed recipients: ]"],
  [
    "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
    "Pete|-|pete|silly.test",
  ],
  [
    "Mary Smith <@node.test,@b.test:mary@example.net>, , jdoe@test  . example",
    "Mary Smith|@node.test,@b.test|mary|example.net -|-|jdoe|test.example",
  ],
  // Names in comments.
  ["bob@example.org (Bob Builder)", "Bob Builder|-|bob|example.org"],
  // Folds and encoded words stay raw.
  ["=?utf-8?q?J=C3=BC?=\r\n <a@b>", "=?utf-8?q?J=C3=BC?=|-|a|b"],
  // Mistakes.
  ["", ""],
  [",,,", ""],
  ["bob", "-|-|bob|"],
  ["bob <>", "bob|-||"],
  ["<a@b", "-|-|a|b"],
  ['"unclosed <a@b>', "-|-|unclosed <a@b>|"],
  ["(unclosed <a@b>", ""],
  ["a@b; c@d", "-|-|a|b -|-|c|d"],
  ["Joe @ Work <joe@x>", "Joe @ Work|-|joe|x"],
  ["a@[192.0.2.1]", "-|-|a|[192.0.2.1]"],
  ['"john doe"@x', "-|-|john doe|x"],
  ["J\xfcrgen <j\xfc@x>", "J\xfcrgen|-|j\xfc|x"],
  ["g: a@b", "[g: -|-|a|b ]"],
];

Deno.test("parseAddressList() reads what people write", () => {
  for (const [text, expected] of CASES) assert.equal(parsed(text), expected);
});

Deno.test("parseAddressList() survives every prefix of every case", () => {
  for (const [text] of CASES) {
    for (let i = 0; i <= text.length; i++) parsed(text.slice(0, i));
  }
});

Deno.test("parseAddressList() is bounded on hostile input", () => {
  const seeds = [
    "a,",
    "<",
    "<@",
    "<@:",
    "(",
    "((a",
    '"',
    "a@",
    "\\",
    "a ",
    ":",
    ";",
    "a:;",
    "<@a,",
    "@",
    "[",
    "\x00",
    "a:b,",
    "x<@a:,",
  ];
  for (const seed of seeds) {
    const list = parseAddressList(
      encodeLatin1(seed.repeat(Math.ceil(1_000_000 / seed.length))),
    );
    assert.ok(list.length <= MAX_ADDRESSES + 1, seed);
  }
});

Deno.test("displayAddresses() decodes names", () => {
  const raw = encodeLatin1(
    "=?utf-8?q?J=C3=BCrgen?= <J@Example.org>, g: x@y;, J\xfcrgen <z@z>",
  );
  assert.deepEqual(displayAddresses(raw), [
    { name: "J\u00fcrgen", address: "J@Example.org" },
    { name: "", address: "x@y" },
    { name: "J\u00fcrgen", address: "z@z" },
  ]);
});

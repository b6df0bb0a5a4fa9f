import assert from "node:assert/strict";
import { ConfigError } from "#src/config/errors.ts";
import { parseSteps } from "#tests/support/pipeline_bench.ts";

/** Steps without their positions. */
function plain(text: string): unknown {
  return JSON.parse(
    JSON.stringify(
      parseSteps(text),
      (key, value) => key === "at" ? undefined : value,
    ),
  );
}

Deno.test("steps become plain data in the order written", () => {
  assert.deepEqual(
    plain(`filter dkim verify=true
match no rcpt-domain Example.org /\\.test$/i {
  require-auth
  delivery queue
}
use checks {
  stop
}
rewrite rcpt aliases`),
    [
      {
        kind: "filter",
        filter: { role: "filter", instance: "dkim" },
        options: { verify: "true" },
      },
      {
        kind: "match",
        condition: {
          negate: true,
          value: "rcpt-domain",
          patterns: [
            { kind: "equal", text: "example.org" },
            { kind: "expression", source: "\\.test$", flags: "i" },
          ],
        },
        steps: [
          { kind: "require-auth" },
          {
            kind: "delivery",
            delivery: { role: "delivery", instance: "queue" },
            options: {},
          },
        ],
      },
      { kind: "use", name: "checks", steps: [{ kind: "stop" }] },
      {
        kind: "rewrite",
        what: "rcpt",
        table: { role: "table", instance: "aliases" },
      },
    ],
  );
});

Deno.test("conditions keep what they compare", () => {
  const conditions = (plain(`match src-ip 192.0.2.0/24 2001:db8::1 {
}
match from table:blocked "" {
}
match header X-Spam-Flag YES {
}
match tls {
}
match auth-user {
}
match rcpt "<Alice@BÜCHER.example>" {
}`) as readonly { condition: unknown }[]).map(({ condition }) => condition);
  assert.deepEqual(conditions.slice(1), [
    {
      negate: false,
      value: "from",
      patterns: [
        { kind: "table", table: { role: "table", instance: "blocked" } },
        { kind: "equal", text: "" },
      ],
    },
    {
      negate: false,
      value: "header",
      field: "x-spam-flag",
      patterns: [{ kind: "equal", text: "YES" }],
    },
    { negate: false, value: "tls", patterns: [] },
    { negate: false, value: "auth-user", patterns: [] },
    {
      negate: false,
      value: "rcpt",
      patterns: [{ kind: "equal", text: "alice@xn--bcher-kva.example" }],
    },
  ]);
});

Deno.test("reject has defaults and takes code, enhanced code and text", () => {
  assert.deepEqual(plain('reject\nreject 451 4.7.20 try "again later"'), [
    {
      kind: "reject",
      code: 550,
      detail: "7.1",
      text: "Message refused by local policy",
    },
    { kind: "reject", code: 451, detail: "7.20", text: "try again later" },
  ]);
});

/** Mistakes: text, part of the message, column. */
const MISTAKES: readonly (readonly [string, RegExp, number])[] = [
  ["filter", /needs the name/, 1],
  ["filter spf 5", /Unexpected "5"/, 12],
  ["match {\n}", /needs what to compare/, 1],
  ["match rctp x {\n}", /cannot compare "rctp"/, 7],
  ["match rcpt {\n}", /at least one pattern/, 1],
  ["match rcpt x", /needs a block/, 1],
  ["match rcpt /(/ {\n}", /does not work/, 12],
  ["match src-ip 192.0.2.300 {\n}", /neither an address/, 14],
  ["match local x {\n}", /takes no pattern/, 13],
  ["match header {\n}", /name of a header field/, 1],
  ["match tls {\n deliver x\n}", /Unknown step "deliver"/, 2],
  ["stop now", /Unexpected "now"/, 6],
  ["reject 250", /no code to refuse/, 8],
  ["reject 550 4.1.1", /does not fit/, 12],
  ['reject "one\\ntwo"', /one line of ASCII/, 8],
  ["tag", /at least one keyword/, 1],
  ["tag \\Seen", /not a keyword/, 5],
  ["rewrite to x", /rcpt or from/, 9],
  ["rewrite rcpt", /needs one table/, 1],
  ["use", /name of one snippet/, 1],
  ["stop {\n}", /takes no block/, 1],
];

Deno.test("mistakes say what and where", () => {
  for (const [text, message, column] of MISTAKES) {
    assert.throws(
      () => parseSteps(text),
      (error) =>
        error instanceof ConfigError && message.test(error.detail) &&
        error.at.column === column,
      text,
    );
  }
});

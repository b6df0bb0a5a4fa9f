import assert from "node:assert/strict";
import { encodeLatin1 } from "#src/bytes/latin1.ts";
import { formatMailDate, parseMailDate } from "./mail_date.ts";

function iso(text: string): string | undefined {
  const date = parseMailDate(encodeLatin1(text));
  return date === undefined ? undefined : new Date(date.ms).toISOString();
}

const DATES: readonly [string, string][] = [
  ["Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06.000Z"],
  ["Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T08:52:37.000Z"],
  ["Thu, 13 Feb 1969 23:32 -0330", "1969-02-14T03:02:00.000Z"],
  [
    "Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)",
    "1969-02-14T03:02:00.000Z",
  ],
  ["21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06.000Z"],
  [
    "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600",
    "1997-11-21T15:55:06.000Z",
  ],
  ["21 Nov 49 00:00 Z", "2049-11-21T00:00:00.000Z"],
  ["21 Nov 103 00:00 Z", "2003-11-21T00:00:00.000Z"],
  ["1 Jan 2020 00:00:00 EST", "2020-01-01T05:00:00.000Z"],
  ["1 Jan 2020 00:00:00 PDT", "2020-01-01T07:00:00.000Z"],
  ["1 Jan 2020 00:00:00 A", "2020-01-01T00:00:00.000Z"],
  ["1 Jan 2020 00:00:00", "2020-01-01T00:00:00.000Z"],
  ["Wed, 31 Dec 2008 23:59:60 +0000", "2008-12-31T23:59:59.000Z"],
  ["monday, 23 november 2026 02:10:09 +0100", "2026-11-23T01:10:09.000Z"],
  ["1-Jan-2020 00:00:00 +00:30", "2019-12-31T23:30:00.000Z"],
  ["1 Jan 2020 25:00", "2020-01-01T00:00:00.000Z"],
  ["1 Jan 2020 00:60", "2020-01-01T00:00:00.000Z"],
  ["1 Jan 2020 10:00:61 +0100", "2019-12-31T23:00:00.000Z"],
];

Deno.test("parseMailDate() reads RFC 5322 dates and the obsolete forms", () => {
  for (const [text, expected] of DATES) assert.equal(iso(text), expected, text);
});

Deno.test("parseMailDate() says undefined for what is no date", () => {
  const wrong = [
    "",
    "yesterday",
    "32 Jan 2020 00:00",
    "30 Feb 2020 00:00",
    "1 Foo 2020 00:00",
    "1 Jan 2020",
    "(".repeat(1_000_000),
    " ".repeat(1_000_000),
    "\0",
  ];
  for (const text of wrong) {
    assert.equal(iso(text), undefined, text.slice(0, 40));
  }
});

Deno.test("formatMailDate() writes what parseMailDate() reads", () => {
  const ms = Date.UTC(2026, 10, 23, 2, 10, 9);
  assert.equal(formatMailDate(ms), "Mon, 23 Nov 2026 02:10:09 +0000");
  assert.equal(formatMailDate(ms, -330), "Sun, 22 Nov 2026 20:40:09 -0530");
  for (const offsetMinutes of [0, 60, -210, 840]) {
    const raw = encodeLatin1(formatMailDate(ms, offsetMinutes));
    assert.deepEqual(parseMailDate(raw), { ms, offsetMinutes });
  }
});

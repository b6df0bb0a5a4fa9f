/** A short run of `deno task stress:imap`, and what its checks refuse. */
import assert from "node:assert/strict";
import { startEpistle, stress, targetOf } from "#scripts/stress_imap.ts";
import { expandSet, parseResponse } from "#scripts/stress_imap_parse.ts";
import { StressView } from "#scripts/stress_imap_view.ts";
import { BoxTruth, StressError } from "#scripts/stress_imap_world.ts";

Deno.test("clients of one mailbox never hear what contradicts itself", async () => {
  const server = await startEpistle(2);
  try {
    const { rounds } = await stress(targetOf(server.ports.imap), {
      seconds: 4,
      clients: 6,
      seed: 1,
    });
    assert.ok(rounds > 0);
  } finally {
    await server.remove();
  }
});

function view(session = 1, box = new BoxTruth("Box")): StressView {
  const made = new StressView(box, session, "$own");
  made.exists(3);
  return made;
}

function fetch(to: StressView, seq: number, items: string): void {
  to.fetch(seq, parseResponse(items)[0]);
}

const LIES: readonly (readonly [string, (to: StressView) => void])[] = [
  ["EXISTS falls", (to) => to.exists(2)],
  ["EXPUNGE beyond the end", (to) => to.expunge(4)],
  ["FETCH beyond the end", (to) => fetch(to, 4, "(UID 4)")],
  ["a UID changes", (to) => fetch(to, 2, "(UID 6)")],
  ["UIDs do not ascend", (to) => fetch(to, 3, "(UID 4)")],
  ["VANISHED of a stranger", (to) => to.vanished([3])],
  ["the same MODSEQ, other flags", (to) => {
    fetch(to, 2, "(UID 5 FLAGS (\\Seen) MODSEQ (7))");
    fetch(to, 2, "(UID 5 FLAGS () MODSEQ (7))");
  }],
  ["MODSEQ falls", (to) => {
    fetch(to, 2, "(MODSEQ (7))");
    fetch(to, 2, "(MODSEQ (6))");
  }],
  ["a size changes", (to) => {
    fetch(to, 2, "(RFC822.SIZE 7)");
    fetch(to, 2, "(RFC822.SIZE 8)");
  }],
  ["other bytes", (to) => fetch(to, 2, '(BODY[] "Subject: m1 of")')],
  ["our keyword went away", (to) => {
    fetch(to, 2, "(FLAGS ($own))");
    fetch(to, 2, "(FLAGS ())");
  }],
  ["\\Recent for two", (to) => {
    fetch(to, 2, "(FLAGS (\\Recent))");
    const other = view(2, to.box);
    fetch(other, 2, "(UID 5 FLAGS (\\Recent))");
  }],
];

for (const [name, lie] of LIES) {
  Deno.test(`the stress client refuses: ${name}`, () => {
    const to = view();
    fetch(to, 2, "(UID 5)");
    // It is right so far, and would be with the next message.
    fetch(to, 1, "(UID 4)");
    assert.throws(() => lie(to), StressError);
  });
}

Deno.test("responses are taken apart, literals, sections and NIL too", () => {
  assert.deepEqual(
    parseResponse(
      '2 FETCH (BODY[HEADER.FIELDS (A B)] {3}\r\n) ( X ("a\\"b" NIL))',
    ),
    ["2", "FETCH", [
      "BODY[HEADER.FIELDS (A B)]",
      ") (",
      "X",
      ['a"b', null],
    ]],
  );
  assert.deepEqual(expandSet("3,9:7"), [3, 7, 8, 9]);
  assert.throws(() => parseResponse("x)"), SyntaxError);
});

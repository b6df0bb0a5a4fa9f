/**
 * SORT, THREAD and SEARCH beside Dovecot: the same messages, the same
 * commands, the same answers. Skipped with a notice where Dovecot is absent.
 */
import assert from "node:assert/strict";
import { BenchClient } from "#scripts/bench_imap_client.ts";
import { startDovecot } from "#scripts/bench_dovecot.ts";
import { TestServer } from "#tests/support/server.ts";

const USER = "u@example.test";
const COUNT = 120;
const encoder = new TextEncoder();

/** Numbers that are the same in every run. */
function randoms(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
}

/** Mail with replies, odd subjects, and addresses of several forms. */
function messages(): string[] {
  const random = randoms(42);
  const pick = (list: readonly string[]): string =>
    list[random(list.length)] ?? "";
  const subjects = ["apple", "Banana", "cherry pie", "Date", "10", "9"];
  const names = ["Ann", "bob", '"Carl, Dr."', "=?utf-8?q?D=C3=B6rte?=", ""];
  return Array.from({ length: COUNT }, (_, n) => {
    const parent = n > 0 && random(3) > 0 ? random(n) : undefined;
    const date = new Date(
      Date.UTC(2026, 0, 1 + random(40), random(24), n % 60),
    );
    const from = `${pick(names)} <${pick(["x", "Y", "z"])}${
      random(4)
    }@here.test>`;
    return [
      `From: ${from}`,
      `To: ${pick(names)} <to${random(5)}@there.test>`,
      ...(random(2) === 0 ? [`Cc: c${random(5)}@there.test`] : []),
      `Subject: ${pick(["", "Re: ", "RE:  ", "Fwd: ", "[list] Re: "])}${
        pick(subjects)
      }${pick(["", " (fwd)"])}`,
      `Date: ${date.toUTCString().replace("GMT", "+0000")}`,
      `Message-ID: <m${n}@here.test>`,
      ...(parent === undefined ? [] : [
        `In-Reply-To: <m${parent}@here.test>`,
        `References: <m${parent}@here.test>`,
      ]),
      "",
      `${"word ".repeat(random(200))}${n}`,
      "",
    ].join("\r\n");
  });
}

const COMMANDS = [
  ...["ARRIVAL", "DATE", "SUBJECT", "SIZE", "FROM", "TO", "CC"].flatMap(
    (by) => [`SORT (${by}) UTF-8 ALL`, `SORT (REVERSE ${by} DATE) UTF-8 ALL`],
  ),
  "SORT (SUBJECT REVERSE DATE) UTF-8 SUBJECT apple",
  "UID SORT (SIZE) US-ASCII FROM x",
  "THREAD REFERENCES UTF-8 ALL",
  "THREAD REFERENCES UTF-8 SUBJECT cherry",
  "THREAD ORDEREDSUBJECT UTF-8 ALL",
  "SEARCH SUBJECT pie",
  "SEARCH FROM ann",
  "SEARCH HEADER References m1",
  "SEARCH BODY 17",
  "SEARCH TEXT word OR FROM bob LARGER 500",
  "SEARCH SENTSINCE 20-Jan-2026 SENTBEFORE 1-Feb-2026",
  "SEARCH NOT (OR SUBJECT apple SUBJECT date)",
] as const;

/** What a server answers to each of the commands. */
async function answers(port: number): Promise<string[]> {
  const client = await BenchClient.login(port, USER);
  await client.command("CREATE Compared");
  for (const [n, text] of messages().entries()) {
    const bytes = encoder.encode(text);
    const date = `"${
      String(n % 28 + 1).padStart(2, "0")
    }-Feb-2026 10:00:00 +0000"`;
    await client.command(
      `APPEND Compared ${date} {${bytes.length}+}\r\n`,
      bytes,
    );
  }
  await client.command("SELECT Compared");
  const given: string[] = [];
  for (const command of COMMANDS) {
    const { tail } = await client.command(command);
    given.push(tail.replace(/t[0-9]+ OK.*\r\n$/, "").trimEnd());
  }
  client.close();
  return given;
}

Deno.test("SORT, THREAD and SEARCH answer as Dovecot does", async () => {
  const dovecot = await startDovecot();
  if (dovecot === undefined) {
    // deno-lint-ignore no-console -- the notice that a test was left out
    console.log("notice: Dovecot is not here, this test is left out");
    return;
  }
  const server = await TestServer.start({
    accounts: { [USER]: "bench" },
    waitFor: ["imap"],
  });
  try {
    const theirs = await answers(dovecot.port);
    const ours = await answers(server.ports.imap);
    for (const [i, command] of COMMANDS.entries()) {
      assert.equal(ours[i], theirs[i], command);
    }
  } finally {
    await server.remove();
    await dovecot.stop();
  }
});

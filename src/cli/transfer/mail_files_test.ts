/** What is in files elsewhere: mbox, Maildir, line ends, flags, journals. */
import assert from "node:assert/strict";
import { inFolder } from "#tests/support/in_folder.ts";
import { Journal } from "./journal.ts";
import { toCrlf, toLf } from "./line_ends.ts";
import type { MailSource } from "./mail_source.ts";
import { openMaildir } from "./maildir_source.ts";
import { maildirTarget } from "./maildir_target.ts";
import { openMbox } from "./mbox_source.ts";
import { mboxTarget } from "./mbox_target.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Everything of a source, as text. */
async function readAll(source: MailSource): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const folder of source.folders()) {
    for await (const message of folder.messages()) {
      const { key, flags, date } = message;
      all.push({
        folder: folder.name,
        key,
        flags,
        date: date?.toISOString(),
        text: decoder.decode(await message.bytes()),
      });
    }
  }
  return all;
}

Deno.test("line ends are changed where they have to be", () => {
  const crlf = (text: string): string =>
    decoder.decode(toCrlf(encoder.encode(text)));
  const lf = (text: string): string =>
    decoder.decode(toLf(encoder.encode(text)));
  for (
    const [unix, wire] of [
      ["", ""],
      ["a", "a"],
      ["\n", "\r\n"],
      ["a\nb\n\nc", "a\r\nb\r\n\r\nc"],
    ] as const
  ) {
    assert.equal(crlf(unix), wire);
    assert.equal(crlf(wire), wire);
    assert.equal(lf(wire), unix);
    assert.equal(lf(unix), unix);
  }
  assert.equal(lf("a\rb\r\r\n"), "a\rb\r\n");
});

const MBOX = `From a@here.test Thu Jan  1 10:20:30 2026
Subject: one
Status: RO
X-Status: AF
X-Keywords: $Work later

body
>From here on
>>From there
From the middle of a paragraph

From - Fri Feb 13 00:00:00 2026
Subject: two

From first line of the body, not after an empty line?
`;

Deno.test("an mbox is split where messages begin, flags are taken out", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/old`, MBOX);
    const all = await readAll(openMbox(`${folder}/old`, "Old"));
    // The body of the second begins with "From " after an empty line: no
    // reader can tell that from a message (that is why writers quote it).
    assert.deepEqual(all.slice(0, 1), [{
      folder: "Old",
      key: "0",
      flags: ["\\Seen", "\\Answered", "\\Flagged", "$Work", "later"],
      date: "2026-01-01T10:20:30.000Z",
      text: "Subject: one\r\n\r\nbody\r\nFrom here on\r\n>From there\r\n" +
        "From the middle of a paragraph\r\n",
    }]);
    assert.equal(all.length, 3);
  }));

Deno.test("long messages and many chunks give the same split", () =>
  inFolder(async (folder) => {
    const long = "x".repeat(77).concat("\n").repeat(40_000);
    const text = Array.from(
      { length: 3 },
      (_, n) =>
        `From m Thu Jan  1 00:00:0${n} 2026\nSubject: ${n}\n\n${long}\n`,
    ).join("");
    await Deno.writeTextFile(`${folder}/long`, text);
    const all = await readAll(openMbox(`${folder}/long`, "L")) as {
      text: string;
    }[];
    assert.equal(all.length, 3);
    for (const [n, { text }] of all.entries()) {
      const whole = `Subject: ${n}\n\n${long}`.replaceAll("\n", "\r\n");
      assert.ok(text === whole, `message ${n}: ${text.length}`);
    }
  }));

Deno.test("folders of mbox files keep their levels; other files are left out", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/Archive.sbd`);
    const one = "From m Thu Jan  1 00:00:00 2026\nSubject: x\n\n\n";
    for (const name of ["Inbox", "Archive", "Archive.sbd/2025", "a.mbox"]) {
      await Deno.writeTextFile(`${folder}/${name}`, one);
    }
    await Deno.writeTextFile(`${folder}/Inbox.msf`, "// index");
    const names: string[] = [];
    for await (const { name } of openMbox(folder, "").folders()) {
      names.push(name);
    }
    assert.deepEqual(names, ["Archive", "Archive/2025", "INBOX", "a"]);
    const source = openMbox(`${folder}/Inbox.msf`, "X");
    await assert.rejects(readAll(source), /does not begin with "From "/);
  }));

Deno.test("an mbox of Thunderbird gives its flags, and not what was deleted", () =>
  inFolder(async (folder) => {
    const texts = [
      "X-Mozilla-Status: 1007\nX-Mozilla-Status2: 00000000\n" +
      "X-Mozilla-Keys: $label1 later            \nSubject: one\n\nx\n",
      "X-Mozilla-Status: 0009\nSubject: deleted\n\nx\n",
      "X-Mozilla-Status: 0000\nSubject: two\n\nx\n",
    ];
    const mbox = texts
      .map((text) => `From - Thu Jan  1 10:20:30 +0100 2026\n${text}\n`);
    await Deno.mkdir(`${folder}/Work.mbox`);
    await Deno.writeTextFile(`${folder}/Work.mbox/mbox`, mbox.join(""));
    const all = await readAll(openMbox(folder, "")) as {
      folder: string;
      flags: string[];
      date: string;
      text: string;
    }[];
    assert.deepEqual(
      all.map(({ flags }) => flags),
      [
        ["\\Seen", "\\Answered", "\\Flagged", "$Forwarded", "$label1", "later"],
        [],
      ],
    );
    assert.equal(all[0]?.folder, "Work");
    assert.equal(all[0]?.date, "2026-01-01T09:20:30.000Z");
    assert.equal(all[0]?.text, "Subject: one\r\n\r\nx\r\n");
  }));

Deno.test("a Maildir in use may change while it is read", () =>
  inFolder(async (folder) => {
    for (const part of ["cur", "new"]) await Deno.mkdir(`${folder}/${part}`);
    const cur = `${folder}/cur`;
    for (const name of ["1.a:2,", "2.b:2,", "3.c:2,"]) {
      await Deno.writeTextFile(`${cur}/${name}`, "Subject: x\n\n");
    }
    for await (const { messages } of openMaildir(folder).folders()) {
      await Deno.rename(`${cur}/1.a:2,`, `${cur}/1.a:2,S`);
      await Deno.remove(`${cur}/2.b:2,`);
      const seen: unknown[] = [];
      for await (const { key, flags, bytes } of messages()) {
        seen.push([key, flags, (await bytes()).length]);
      }
      assert.deepEqual(seen, [["1.a", ["\\Seen"], 14], ["3.c", [], 14]]);
    }
  }));

Deno.test("an export into the same Maildir keeps what its letters mean", () =>
  inFolder(async (folder) => {
    const date = new Date(0);
    const bytes = encoder.encode("Subject: x\r\n\r\n");
    for (const [uid, flag] of [[1, "Work"], [2, "Later"]] as const) {
      const writer = await maildirTarget(folder).open("INBOX", 7);
      assert.equal(writer.lastUid, uid - 1);
      await writer.write({ uid, flags: [flag], date, bytes });
      await writer.close();
    }
    const all = await readAll(openMaildir(folder)) as { flags: string[] }[];
    assert.deepEqual(all.map(({ flags }) => flags), [["Work"], ["Later"]]);
  }));

Deno.test("a message that is header alone comes through an mbox", () =>
  inFolder(async (folder) => {
    const writer = await mboxTarget(folder).open("INBOX", 7);
    const date = new Date(0);
    const bytes = encoder.encode("Subject: x");
    await writer.write({ uid: 1, flags: ["\\Seen"], date, bytes });
    await writer.close();
    const [one] = await readAll(openMbox(folder, "")) as [
      { flags: string[]; text: string },
    ];
    assert.deepEqual([one.flags, one.text], [["\\Seen"], "Subject: x\r\n"]);
  }));

Deno.test("a Maildir gives folders, flags, keywords and dates", () =>
  inFolder(async (folder) => {
    for (const box of ["", ".Sent", ".Archive.2025", ".B&APw-cher"]) {
      for (const part of ["cur", "new", "tmp"]) {
        await Deno.mkdir(`${folder}/${box}/${part}`, { recursive: true });
      }
    }
    await Deno.writeTextFile(`${folder}/dovecot-keywords`, "0 $Work\n1 b\n");
    const file = `${folder}/cur/1767225600.M1.host:2,FSab`;
    await Deno.writeTextFile(file, "Subject: one\n\nbody\n");
    await Deno.utime(
      file,
      new Date(1_767_225_600_000),
      new Date(1_767_225_600_000),
    );
    await Deno.writeTextFile(`${folder}/new/1767225700.M2.host`, "\n");
    await Deno.writeTextFile(`${folder}/tmp/half`, "not yet");
    await Deno.writeTextFile(`${folder}/.Archive.2025/cur/1:2,DRT`, "\n");
    const names: string[] = [];
    for await (const { name } of openMaildir(folder).folders()) {
      names.push(name);
    }
    assert.deepEqual(names, ["INBOX", "Archive/2025", "Bücher", "Sent"]);
    const [one, two, three] = await readAll(openMaildir(folder)) as [
      unknown,
      { key: string; flags: string[] },
      { flags: string[] },
    ];
    assert.deepEqual(one, {
      folder: "INBOX",
      key: "1767225600.M1.host",
      flags: ["\\Flagged", "\\Seen", "$Work", "b"],
      date: "2026-01-01T00:00:00.000Z",
      text: "Subject: one\r\n\r\nbody\r\n",
    });
    assert.deepEqual([two.key, two.flags], ["1767225700.M2.host", []]);
    assert.deepEqual(three.flags, ["\\Draft", "\\Answered", "\\Deleted"]);
  }));

Deno.test("a journal knows what is done, also after it broke off in a line", () =>
  inFolder(async (folder) => {
    const path = `${folder}/x.journal`;
    const batch = (keys: string[]) =>
      ({ mailbox: "INBOX", uidNext: 5, keys, sizes: [1] }) as const;
    let journal = await Journal.open(path);
    await journal.begin(batch(["a", "b"]));
    await journal.settle("stored");
    await journal.begin(batch(["c"]));
    await journal.settle("absent");
    await journal.begin(batch(["d"]));
    journal.close();
    await Deno.writeTextFile(path, '{"done":tr', { append: true });
    journal = await Journal.open(path);
    assert.deepEqual(journal.unsettled, batch(["d"]));
    assert.ok(journal.has("INBOX", "b"));
    assert.ok(!journal.has("INBOX", "c"));
    await journal.settle("stored");
    journal.close();
    journal = await Journal.open(path);
    assert.ok(journal.has("INBOX", "d"));
    assert.equal(journal.unsettled, undefined);
    assert.equal(journal.count, 3);
    journal.close();
  }));

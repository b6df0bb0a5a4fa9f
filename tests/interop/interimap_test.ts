/**
 * interimap keeps two servers alike by QRESYNC (RFC 7162): ours with another
 * of ours over TLS and compressed, and ours with Dovecot.
 */
import assert from "node:assert/strict";
import { startDovecot } from "#scripts/bench_dovecot.ts";
import { LineClient } from "#tests/support/line_client.ts";
import { inFolder } from "#tests/support/in_folder.ts";
import { peerTest, runPeer } from "#tests/support/peer.ts";
import { type TestServer, withServer } from "#tests/support/server.ts";
import { until } from "#tests/support/until.ts";
import { certificateOf, sampleMessage, USER } from "./sample.ts";

const PASSWORD = "simple-password";
/** Written down for every message, in another zone than ours. */
const DATE = "17-Jul-1996 02:44:25 -0700";

/** One of the two sides. */
interface Side {
  /** Its section of interimap's configuration, without the heading. */
  readonly section: string;
  readonly client: LineClient;
}

/** What a person would call the state of a mailbox: `subject: flags`. */
interface Message {
  readonly flags: readonly string[];
  readonly date: number;
  readonly text: string;
}

/** Both sides, and interimap between them. */
class Pair {
  readonly local: Side;
  readonly remote: Side;
  readonly folder: string;

  constructor(local: Side, remote: Side, folder: string) {
    this.local = local;
    this.remote = remote;
    this.folder = folder;
  }

  get env(): Record<string, string> {
    return {
      HOME: this.folder,
      XDG_DATA_HOME: this.folder,
      XDG_CONFIG_HOME: this.folder,
    };
  }

  get args(): string[] {
    return ["--config", `${this.folder}/rc`];
  }

  async configure(): Promise<void> {
    await Deno.writeTextFile(
      `${this.folder}/rc`,
      `database = ${this.folder}/state.db
[local]
${this.local.section}
[remote]
${this.remote.section}
`,
    );
  }

  /** Runs it once; gives what it told of its work, without traffic. */
  async run(...command: string[]): Promise<string> {
    const { code, stderr } = await runPeer(
      "interimap",
      [...this.args, ...command],
      { env: this.env },
    );
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(
      stderr,
      /WARNING: (?!No match for modified)|ERROR|PANIC/,
    );
    return stderr.split("\n").filter((line) => !line.includes("IMAP traffic"))
      .join("\n");
  }

  /** Both sides hold the same messages; gives them by subject. */
  async same(mailbox: string): Promise<Map<string, Message>> {
    const local = await messages(this.local.client, mailbox);
    assert.deepEqual(await messages(this.remote.client, mailbox), local);
    return local;
  }
}

/** What `EXAMINE` shows, by subject. */
async function messages(
  client: LineClient,
  mailbox: string,
): Promise<Map<string, Message>> {
  const selected = await client.imap("x", `EXAMINE ${mailbox}`);
  const found = new Map<string, Message>();
  if (selected.includes("* 0 EXISTS")) return found;
  const lines = await client.imap(
    "y",
    "FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])",
  );
  const text = `\n${lines.slice(0, -1).join("\n")}`;
  for (const part of text.split(/\n(?=\* [0-9]+ FETCH )/).slice(1)) {
    const subject = /^Subject: (.*)$/m.exec(part)?.[1] ?? "";
    const flags = /FLAGS \(([^)]*)\)/.exec(part)?.[1]?.split(" ") ?? [];
    assert.ok(!found.has(subject), `${subject} is there twice`);
    found.set(subject, {
      flags: flags.filter((flag) => flag !== "" && flag !== "\\Recent")
        .toSorted(),
      date: Date.parse(/INTERNALDATE "([^"]*)"/.exec(part)?.[1] ?? ""),
      text: part.slice(part.indexOf("\n") + 1).replace(/\)$/, ""),
    });
  }
  return found;
}

/** Appends a message whose subject is given. */
async function append(
  { client }: Side,
  mailbox: string,
  subject: string,
  flags = "",
): Promise<void> {
  const bytes = new TextEncoder().encode(sampleMessage(subject));
  await client.send(
    `m APPEND ${mailbox} (${flags}) "${DATE}" {${bytes.length}}`,
  );
  await client.until("+");
  await client.write(bytes);
  await client.send("");
  const answer = (await client.until("m ")).at(-1) ?? "";
  assert.match(answer, /^m OK/);
}

/** Runs commands one after the other; each has to succeed. */
async function all({ client }: Side, ...commands: string[]): Promise<void> {
  for (const command of commands) await client.imap("c", command);
}

/** Names of the mailboxes that can be selected. */
async function names({ client }: Side): Promise<string[]> {
  const lines = await client.imap("l", 'LIST "" "*"');
  return lines.flatMap((line) => {
    const [, attributes = "", name = ""] =
      /^\* LIST \((.*)\) "\/" "?(.*?)"?$/.exec(line) ?? [];
    return name === "" || attributes.includes("\\Noselect") ? [] : [name];
  }).toSorted();
}

/** Subjects and flags, as one comparable value. */
function flagsOf(found: Map<string, Message>): Record<string, string> {
  return Object.fromEntries(
    [...found].map(([subject, { flags }]) => [subject, flags.join(" ")]),
  );
}

/** Nothing is left to do, and interimap says so. */
async function settled(pair: Pair): Promise<void> {
  assert.equal((await pair.run()).trim(), "");
}

async function firstRun(pair: Pair): Promise<void> {
  const { local, remote } = pair;
  await append(local, "INBOX", "local one", "\\Seen");
  await append(local, "INBOX", "local two", "\\Flagged $Forwarded Own");
  await append(remote, "INBOX", "remote one", "\\Answered");
  await append(remote, "INBOX", "remote two", "\\Deleted \\Draft");
  await all(remote, "CREATE Archive/2026", "SUBSCRIBE Archive/2026");
  await append(remote, "Archive/2026", "deep");
  await all(local, "CREATE Entw&APw-rfe", 'CREATE {7+}\r\nA \\"b\\c');
  await append(local, "Entw&APw-rfe", "umlaut");
  await pair.run();
  const inbox = await pair.same("INBOX");
  assert.deepEqual(flagsOf(inbox), {
    "local one": "\\Seen",
    "local two": "$Forwarded Own \\Flagged",
    "remote one": "\\Answered",
    "remote two": "\\Deleted \\Draft",
  });
  assert.equal(inbox.get("remote one")?.date, Date.parse(DATE));
  assert.equal((await pair.same("Archive/2026")).size, 1);
  assert.equal((await pair.same("Entw&APw-rfe")).size, 1);
  assert.deepEqual(await names(local), await names(remote));
  await settled(pair);
}

/** Expunges, flags and new messages on both sides between two runs. */
async function changesOnBothSides(pair: Pair): Promise<void> {
  const { local, remote } = pair;
  await all(
    local,
    "SELECT INBOX",
    "STORE 1 +FLAGS.SILENT (\\Answered)",
    "STORE 2 -FLAGS.SILENT (Own)",
  );
  await append(local, "INBOX", "local three");
  await all(remote, "SELECT INBOX", "EXPUNGE");
  const found = await remote.client.imap("s", 'SEARCH SUBJECT "local one"');
  const at = /^\* SEARCH ([0-9]+)$/m.exec(found.join("\n"))?.[1];
  await all(
    remote,
    "STORE 1 +FLAGS.SILENT (\\Flagged)",
    `STORE ${at} +FLAGS (\\Deleted)`,
    "EXPUNGE",
  );
  await append(remote, "INBOX", "remote three", "\\Seen");
  await all(remote, "CREATE Later");
  await append(remote, "Later", "not now");
  await pair.run();
  // "local one" was changed here and expunged there: it is gone.
  const inbox = flagsOf(await pair.same("INBOX"));
  const [first = ""] = Object.keys(inbox);
  assert.match(inbox[first] ?? "", /\\Flagged/);
  assert.deepEqual(Object.keys(inbox).toSorted(), [
    "local three",
    "local two",
    "remote one",
    "remote three",
  ]);
  assert.doesNotMatch(inbox["local two"] ?? "", /Own/);
  assert.equal((await pair.same("Later")).size, 1);
  await settled(pair);
}

/** A mailbox emptied and filled anew, a hundred messages, renaming, deletion. */
async function mailboxesChange(pair: Pair): Promise<void> {
  const { local, remote } = pair;
  await all(local, "SELECT Later", "STORE 1:* +FLAGS (\\Deleted)", "EXPUNGE");
  for (let n = 0; n < 100; n++) await append(local, "Later", `many ${n}`);
  await pair.run();
  assert.equal((await pair.same("Later")).size, 100);
  // Gaps of every length, and flags on what is left, from the other side.
  await all(
    remote,
    "SELECT Later",
    "STORE 1,3:5,10:40,90,100 +FLAGS.SILENT (\\Deleted)",
    "STORE 6:9,95 FLAGS (\\Seen \\Flagged)",
    "EXPUNGE",
  );
  await pair.run();
  assert.equal((await pair.same("Later")).size, 63);
  await pair.run("--rename", "Archive", "Past");
  await pair.run("--delete", "Later");
  assert.equal((await pair.same("Past/2026")).size, 1);
  for (const side of [local, remote]) {
    const there = await names(side);
    assert.ok(there.includes("Past/2026"));
    assert.ok(!there.includes("Later"));
    assert.ok(!there.includes("Archive/2026"));
  }
  await settled(pair);
}

/**
 * It stays connected and hears of changes by NOTIFY (RFC 5465). Not with
 * Dovecot, which does not always tell of mail in its Maildirs.
 */
async function watches(pair: Pair): Promise<void> {
  const { local, remote } = pair;
  const child = new Deno.Command("interimap", {
    args: [...pair.args, "--notify", "--watch=600"],
    env: pair.env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    for (const [from, to, box] of changing(local, remote)) {
      const subject = `watched ${box} ${from === local}`;
      await append(from, box, subject);
      const arrived = async () => (await messages(to.client, box)).get(subject);
      await until(
        `${subject} arrives`,
        async () => await arrived() !== undefined,
      );
      await all(from, `SELECT ${box}`, "STORE * +FLAGS.SILENT (\\Seen)");
      await until(
        "it is seen",
        async () => (await arrived())?.flags.includes("\\Seen") === true,
      );
      await all(from, `SELECT ${box}`, "STORE * +FLAGS (\\Deleted)", "EXPUNGE");
      await until("it goes", async () => await arrived() === undefined);
      await pair.same(box);
    }
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
}

function changing(local: Side, remote: Side): [Side, Side, string][] {
  return ["INBOX", "Past/2026"].flatMap((box): [Side, Side, string][] => [
    [local, remote, box],
    [remote, local, box],
  ]);
}

async function logIn(port: number, user: string, password: string) {
  const client = await LineClient.connect(port);
  await client.line();
  await client.imap("a", `LOGIN ${user} ${password}`);
  return client;
}

async function ours(
  server: TestServer,
  folder: string,
  name: string,
): Promise<Side> {
  const pem = await certificateOf(server.ports.imaps);
  await Deno.writeTextFile(`${folder}/${name}.pem`, pem);
  return {
    section: `type = imaps
host = localhost
port = ${server.ports.imaps}
username = ${USER}
password = ${PASSWORD}
compress = YES
SSL_CAfile = ${folder}/${name}.pem`,
    client: await logIn(server.ports.imap, USER, PASSWORD),
  };
}

/** Everything, in the order of a life; `more` at its end. */
async function live(pair: Pair, more?: () => Promise<void>): Promise<void> {
  try {
    await pair.configure();
    await firstRun(pair);
    await changesOnBothSides(pair);
    await mailboxesChange(pair);
    await more?.();
  } finally {
    pair.local.client.close();
    pair.remote.client.close();
  }
}

const ACCOUNTS = { accounts: { [USER]: PASSWORD } };

peerTest(
  "interimap keeps two servers alike, over TLS and compressed",
  ["interimap"],
  () =>
    inFolder((folder) =>
      withServer(ACCOUNTS, (here) =>
        withServer(ACCOUNTS, async (there) => {
          const local = await ours(here, folder, "local");
          const remote = await ours(there, folder, "remote");
          const pair = new Pair(local, remote, folder);
          await live(pair, () => watches(pair));
        }))
    ),
);

peerTest(
  "interimap keeps our server and Dovecot alike",
  ["interimap", "dovecot"],
  () =>
    inFolder(async (folder) => {
      const dovecot = await startDovecot();
      if (dovecot === undefined) {
        // deno-lint-ignore no-console -- a skip must be seen
        console.log("notice: skipped interimap with Dovecot: needs root");
        return;
      }
      try {
        const user = "u@example.test";
        const section = `type = imap
host = 127.0.0.1
port = ${dovecot.port}
username = ${user}
password = bench
STARTTLS = NO`;
        const client = await logIn(dovecot.port, user, "bench");
        await withServer(ACCOUNTS, async (server) => {
          const local = await ours(server, folder, "local");
          await live(new Pair(local, { section, client }, folder));
        });
      } finally {
        await dovecot.stop();
      }
    }),
);

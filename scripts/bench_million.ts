/**
 * `deno run -A scripts/bench_million.ts`: SELECT of a mailbox with a million
 * messages: cold, warm, and what a second session costs. The mailbox is made
 * by SQL, all of its messages share one body.
 */
import { DatabaseSync } from "node:sqlite";
import { TestServer } from "#tests/support/server.ts";
import { BenchClient } from "./bench_imap_client.ts";
import { benchMessage } from "./bench_messages.ts";

const USER = "u@example.test";
const COUNT = 1_000_000;
const MIB = 1_024 * 1_024;

function config(ports: TestServer["ports"], folder: string): string {
  return `
hostname localhost
domains example.test
state_dir ${folder}/state
dns 127.0.0.1:9
imap 127.0.0.1:${ports.imap} {
  insecure_auth yes
}
`;
}

/** Copies the one message of INBOX until there are a million. */
function multiply(file: string): void {
  const database = new DatabaseSync(file);
  database.exec(`
    WITH RECURSIVE n (uid) AS (
      SELECT 2 UNION ALL SELECT uid + 1 FROM n WHERE uid < ${COUNT}
    )
    INSERT INTO messages (mailbox, uid, modseq, flags, internal_date, saved_at,
      size_bytes, header_bytes, content, thread_id)
    SELECT mailbox, n.uid, modseq, n.uid % 2, internal_date, saved_at,
      size_bytes, header_bytes, content, thread_id
    FROM messages JOIN n WHERE messages.uid = 1;
    UPDATE contents SET uses = ${COUNT};
    UPDATE mailboxes SET messages = ${COUNT}, unseen = ${COUNT / 2 + 1},
      uid_next = ${COUNT + 1}, size_bytes = size_bytes * ${COUNT},
      first_recent = ${COUNT + 1} WHERE messages = 1;
  `);
  database.close();
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

async function measure(server: TestServer): Promise<string[]> {
  const { imap } = server.ports;
  const first = await BenchClient.login(imap, USER);
  const before = await server.rss();
  const cold = await milliseconds(() => first.command("SELECT INBOX"));
  const after = await server.rss();
  const second = await BenchClient.login(imap, USER);
  const warm = await milliseconds(() => second.command("SELECT INBOX"));
  const both = await server.rss();
  const flags = await milliseconds(() =>
    second.command("FETCH 1:* (UID FLAGS)")
  );
  const seen = await milliseconds(() => second.command("UID SEARCH UNSEEN"));
  first.close();
  second.close();
  const mib = (bytes: number): string => (bytes / MIB).toFixed(0);
  return [
    `SELECT of ${COUNT}, cold: ${cold.toFixed(0)} ms, ` +
    `${mib(after - before)} MiB more memory (all workers, garbage included)`,
    `SELECT of ${COUNT}, warm: ${warm.toFixed(1)} ms, ` +
    `${mib(both - after)} MiB more`,
    `FETCH 1:* (UID FLAGS): ${flags.toFixed(0)} ms`,
    `UID SEARCH UNSEEN: ${seen.toFixed(0)} ms`,
  ];
}

if (import.meta.main) {
  const server = await TestServer.start({
    config,
    accounts: { [USER]: "bench" },
    waitFor: ["imap"],
  });
  try {
    const client = await BenchClient.login(server.ports.imap, USER);
    const bytes = benchMessage(0);
    await client.command(`APPEND INBOX {${bytes.length}+}\r\n`, bytes);
    client.close();
    await server.stop();
    multiply(`${server.folder}/state/mail.db`);
    await server.restart();
    // deno-lint-ignore no-console -- this is what the command is for
    for (const line of await measure(server)) console.log(line);
  } finally {
    await server.remove();
  }
}

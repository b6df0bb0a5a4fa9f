/**
 * `deno task bench:imap`: Epistle beside Dovecot, where that is installed, in
 * one run, with the same bare client, and prints the ratios. Both sync each
 * message to disk before they answer. Only loopback is used.
 *
 * `--quick` takes a tenth of the messages; `--json` prints the rows.
 */
import { TestServer } from "#tests/support/server.ts";
import { BenchClient } from "./bench_imap_client.ts";
import { type BenchDovecot, startDovecot } from "./bench_dovecot.ts";
import { benchMessage, NEEDLE } from "./bench_messages.ts";

const USER = "u@example.test";
const KIB = 1_024;

/** How much of everything. */
interface Amounts {
  readonly appends: number;
  readonly big: number;
  readonly logins: number;
  readonly stores: number;
  readonly notices: number;
  readonly idle: number;
}

const WHOLE: Amounts = {
  appends: 8_000,
  big: 100_000,
  logins: 1_000,
  stores: 4_000,
  notices: 50,
  idle: 1_000,
};
const QUICK: Amounts = {
  appends: 800,
  big: 10_000,
  logins: 100,
  stores: 400,
  notices: 10,
  idle: 100,
};

/** A server under test. */
interface Peer {
  readonly port: number;
  readonly tlsPort: number;
  readonly ca: string;
  /** Puts messages into a mailbox, which is made. */
  fill(mailbox: string, count: number): Promise<void>;
  /** Bytes of memory. */
  memory(): Promise<number>;
}

/** One figure. */
interface Figure {
  readonly name: string;
  readonly unit: "/s" | "ms" | "MiB" | "KiB";
  /** More is better, or less. */
  readonly best: "most" | "least";
  readonly value: number;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1_000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** Runs `work` in `clients` sessions at once; each does its share. */
async function together(
  peer: Peer,
  clients: number,
  total: number,
  work: (client: BenchClient, n: number) => Promise<unknown>,
): Promise<number> {
  const sessions = await Promise.all(
    Array.from({ length: clients }, () => BenchClient.login(peer.port, USER)),
  );
  const taken = await seconds(() =>
    Promise.all(sessions.map(async (client, c) => {
      for (let n = c; n < total; n += clients) await work(client, n);
    }))
  );
  for (const client of sessions) client.close();
  return total / taken;
}

async function appends(peer: Peer, count: number): Promise<number> {
  const one = await BenchClient.login(peer.port, USER);
  await one.command("CREATE Appended");
  one.close();
  return await together(peer, 4, count, (client, n) => {
    const bytes = benchMessage(n);
    return client.command(`APPEND Appended {${bytes.length}+}\r\n`, bytes);
  });
}

/** Messages a second of one FETCH; the best of three. */
async function fetches(
  client: BenchClient,
  count: number,
  items: string,
): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    times.push(await seconds(() => client.command(`FETCH 1:* ${items}`)));
  }
  return count / Math.min(...times);
}

async function logins(peer: Peer, count: number): Promise<number> {
  const taken = await seconds(() =>
    Promise.all(Array.from({ length: 4 }, async (_, c) => {
      for (let n = c; n < count; n += 4) {
        const client = await BenchClient.login(peer.port, USER);
        await client.command("LOGOUT");
        client.close();
      }
    }))
  );
  return count / taken;
}

/** Milliseconds of a command; the median of five. */
async function latency(
  client: BenchClient,
  ...commands: string[]
): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const [last = "", ...before] = commands.toReversed();
    for (const command of before) await client.command(command);
    times.push(await seconds(() => client.command(last)) * 1_000);
  }
  return median(times);
}

/** NaN where the server has no such command. */
async function latencyIfKnown(
  client: BenchClient,
  command: string,
): Promise<number> {
  try {
    return await latency(client, command);
  } catch (error) {
    if (error instanceof Error && /^t[0-9]+ BAD/.test(error.message)) {
      return NaN;
    }
    throw error;
  }
}

/** Milliseconds from the OK of APPEND until another session hears EXISTS. */
async function notices(peer: Peer, count: number): Promise<number> {
  const writer = await BenchClient.login(peer.port, USER);
  const watcher = await BenchClient.login(peer.port, USER);
  await watcher.command("SELECT INBOX");
  const tag = await watcher.idle();
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const bytes = benchMessage(n);
    let heard = 0;
    const hears = watcher.hears("EXISTS").then(() => {
      heard = performance.now();
    });
    await writer.command(`APPEND INBOX {${bytes.length}+}\r\n`, bytes);
    const answered = performance.now();
    await hears;
    times.push(Math.max(0, heard - answered));
  }
  await watcher.done(tag);
  writer.close();
  watcher.close();
  return median(times);
}

/** KiB that each of `count` idle TLS sessions takes. */
async function idleSessions(peer: Peer, count: number): Promise<Figure[]> {
  const before = await peer.memory();
  const clients: BenchClient[] = [];
  for (let n = 0; n < count; n++) {
    const client = await BenchClient.login(peer.tlsPort, USER, peer.ca);
    await client.command("SELECT INBOX");
    await client.idle();
    clients.push(client);
  }
  const after = await peer.memory();
  for (const client of clients) client.close();
  return [
    {
      name: `memory with ${count} idle TLS sessions`,
      unit: "MiB",
      best: "least",
      value: after / KIB / KIB,
    },
    {
      name: "of that, each session",
      unit: "KiB",
      best: "least",
      value: (after - before) / count / KIB,
    },
  ];
}

async function measure(peer: Peer, amounts: Amounts): Promise<Figure[]> {
  const figures: Figure[] = [];
  const rate = (name: string, value: number): void => {
    figures.push({ name, unit: "/s", best: "most", value });
  };
  const time = (name: string, value: number): void => {
    figures.push({ name, unit: "ms", best: "least", value });
  };
  say("  APPEND");
  rate("APPEND, 4 clients, 2 KiB", await appends(peer, amounts.appends));
  say("  logins");
  rate("logins, 4 at once", await logins(peer, amounts.logins));
  say("  idle sessions");
  figures.push(...await idleSessions(peer, amounts.idle));
  time(
    "IDLE: EXISTS after the OK of APPEND",
    await notices(peer, amounts.notices),
  );
  say(`  mailbox of ${amounts.big} messages`);
  await peer.fill("Big", amounts.big);
  const client = await BenchClient.login(peer.port, USER);
  await client.command("SELECT Big");
  await client.command("FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE)");
  const size = amounts.big;
  const fields = "BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)]";
  const overview = "(FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)";
  rate(
    "FETCH of header fields",
    await fetches(client, size, `(UID ${fields})`),
  );
  rate("FETCH of overview", await fetches(client, size, overview));
  rate("FETCH of flags", await fetches(client, size, "(UID FLAGS)"));
  rate("FETCH of bodies", await fetches(client, size, "BODY.PEEK[]"));
  rate(
    "STORE, 4 clients",
    await stores(peer, amounts.stores),
  );
  time(
    `SELECT of ${size}`,
    await latency(client, "SELECT INBOX", "SELECT Big"),
  );
  await client.command("SELECT Big");
  for (
    const [name, command] of [
      ["SEARCH TEXT, rare word", `SEARCH TEXT ${NEEDLE}`],
      ["SEARCH TEXT, common word", "SEARCH TEXT kernel"],
      ["SEARCH SUBJECT", "SEARCH SUBJECT kernel"],
      ["SEARCH SINCE", "SEARCH SENTSINCE 1-Feb-2026"],
      ["SORT (DATE)", "SORT (DATE) UTF-8 ALL"],
      ["SORT (SUBJECT)", "SORT (SUBJECT) UTF-8 ALL"],
      ["THREAD REFERENCES", "THREAD REFERENCES UTF-8 ALL"],
    ] as const
  ) {
    say(`  ${name}`);
    time(name, await latencyIfKnown(client, command));
  }
  client.close();
  return figures;
}

async function stores(peer: Peer, count: number): Promise<number> {
  const sessions = new Set<BenchClient>();
  return await together(peer, 4, count, async (client, n) => {
    if (!sessions.has(client)) await client.command("SELECT Appended");
    sessions.add(client);
    await client.command(`STORE ${n + 1} +FLAGS (\\Flagged)`);
  });
}

/** Epistle without bounds that would refuse a load from one address. */
function config(ports: TestServer["ports"], folder: string): string {
  const bounds = `max_sessions 5000
  max_connections 0
  max_connection_rate 0`;
  return `
hostname localhost
domains example.test
state_dir ${folder}/state
dns 127.0.0.1:9
imap 127.0.0.1:${ports.imap} {
  insecure_auth yes
  ${bounds}
}
imap 127.0.0.1:${ports.imaps} {
  tls_mode implicit
  ${bounds}
}
`;
}

async function startEpistle(): Promise<{ peer: Peer; server: TestServer }> {
  const server = await TestServer.start({
    config,
    accounts: { [USER]: "bench" },
    waitFor: ["imap", "imaps"],
  });
  const { ports, folder } = server;
  const peer: Peer = {
    port: ports.imap,
    tlsPort: ports.imaps,
    ca: await Deno.readTextFile(`${folder}/state/tls/auto/authority.pem`),
    async fill(mailbox, count): Promise<void> {
      await fillByAppend(ports.imap, mailbox, count);
      await indexed(server);
    },
    memory: () => server.rss(),
  };
  return { peer, server };
}

/** Waits until everything is in the search index, which follows the mail. */
async function indexed(server: TestServer): Promise<void> {
  const from = performance.now();
  for (;;) {
    const text = await server.cli(["search", "status", "--json"]);
    const { contents, indexed } = JSON.parse(text) as Record<string, number>;
    if ((indexed ?? 0) >= (contents ?? 0)) break;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  const seconds = (performance.now() - from) / 1_000;
  say(`  indexed ${seconds.toFixed(0)} s after the last message`);
}

/** A hundred messages a command. */
async function fillByAppend(
  port: number,
  mailbox: string,
  count: number,
): Promise<void> {
  const client = await BenchClient.login(port, USER);
  await client.command(`CREATE ${mailbox}`);
  for (let from = 0; from < count; from += 100) {
    const parts: Uint8Array[] = [];
    for (let n = from; n < Math.min(from + 100, count); n++) {
      const bytes = benchMessage(n);
      const before = n === from ? "" : " ";
      parts.push(new TextEncoder().encode(`${before}{${bytes.length}+}\r\n`));
      parts.push(bytes);
    }
    await client.command(`APPEND ${mailbox} `, ...parts);
  }
  client.close();
}

/** Lines of a Markdown table, aligned. */
function table(
  epistle: readonly Figure[],
  dovecot: readonly Figure[] | undefined,
): string[] {
  const head = ["what", "epistle", "dovecot", "times better"];
  const cells = epistle.map((figure, i) => {
    const other = dovecot?.[i];
    const { name, unit } = figure;
    return [
      name,
      show(figure.value, unit),
      other === undefined ? "-" : show(other.value, unit),
      other === undefined ? "-" : betterBy(figure, other).toFixed(2),
    ];
  });
  const widths = head.map((title, i) =>
    Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0))
  );
  const line = (row: readonly string[]): string => {
    const padded = row.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)
    );
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, i) =>
    i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`
  );
  return [line(head), line(rule), ...cells.map(line)];
}

function betterBy(figure: Figure, other: Figure): number {
  return figure.best === "most"
    ? figure.value / other.value
    : other.value / figure.value;
}

function show(value: number, unit: Figure["unit"]): string {
  if (Number.isNaN(value)) return "-";
  const digits = value < 10 ? 1 : 0;
  return unit === "/s"
    ? `${value.toFixed(digits)}/s`
    : `${value.toFixed(digits)} ${unit}`;
}

/** Progress, beside the result. */
function say(text: string): void {
  // deno-lint-ignore no-console -- somebody waits for minutes
  console.error(text);
}

async function measureEpistle(amounts: Amounts): Promise<Figure[]> {
  say("epistle");
  const { peer, server } = await startEpistle();
  try {
    return await measure(peer, amounts);
  } finally {
    await server.remove();
  }
}

async function measureDovecot(
  amounts: Amounts,
): Promise<Figure[] | undefined> {
  const dovecot: BenchDovecot | undefined = await startDovecot();
  if (dovecot === undefined) return undefined;
  say("dovecot");
  try {
    return await measure(dovecot, amounts);
  } finally {
    await dovecot.stop();
  }
}

if (import.meta.main) {
  const amounts = Deno.args.includes("--quick") ? QUICK : WHOLE;
  const dovecot = await measureDovecot(amounts);
  const epistle = await measureEpistle(amounts);
  const output = Deno.args.includes("--json")
    ? [JSON.stringify({ epistle, dovecot })]
    : table(epistle, dovecot);
  // deno-lint-ignore no-console -- this is what the command is for
  for (const text of output) console.log(text);
}

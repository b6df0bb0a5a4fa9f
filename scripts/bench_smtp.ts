/**
 * `deno task bench:smtp`: loads Epistle, and Postfix where it is installed,
 * with Postfix's own `smtp-source` in one run and prints the ratios.
 *
 * Epistle stores each message durably into the mailbox; Postfix only takes it
 * into its queue (`HOLD`, so that nothing else runs). Only loopback is used.
 */
import { TestServer } from "#tests/support/server.ts";
import { startPostfix } from "./bench_postfix.ts";

/** One kind of load. */
interface Load {
  readonly name: string;
  readonly sessions: number;
  readonly messages: number;
  readonly sizeBytes: number;
  readonly reuse: boolean;
  readonly recipients: number;
  /** What the issue asks for, in messages a second. */
  readonly goal: number;
}

const KIB = 1024;
const DEFAULTS = { sizeBytes: 2 * KIB, reuse: true, recipients: 1 };
const LOADS: readonly Load[] = [
  {
    ...DEFAULTS,
    name: "20 sessions, reused",
    sessions: 20,
    messages: 12_000,
    goal: 1_500,
  },
  {
    ...DEFAULTS,
    name: "20 sessions, new connection each",
    sessions: 20,
    messages: 8_000,
    reuse: false,
    goal: 1_000,
  },
  { ...DEFAULTS, name: "1 session", sessions: 1, messages: 3_000, goal: 500 },
  {
    ...DEFAULTS,
    name: "4 sessions, 1 MB messages",
    sessions: 4,
    messages: 500,
    sizeBytes: 1_000_000,
    goal: 100,
  },
  {
    ...DEFAULTS,
    name: "20 sessions, 10 recipients each",
    sessions: 20,
    messages: 2_500,
    recipients: 10,
    goal: 300,
  },
];

/** Loads the server on `port`; gives messages a second. */
async function run(load: Load, port: number, share: number): Promise<number> {
  const messages = Math.max(load.sessions, Math.round(load.messages * share));
  const args = [
    ...["-s", `${load.sessions}`, "-m", `${messages}`],
    ...["-l", `${load.sizeBytes}`, "-f", "sender@elsewhere.test"],
    ...["-t", "u@example.test", "-M", "client.test"],
    ...(load.recipients > 1 ? ["-r", `${load.recipients}`] : []),
    ...(load.reuse ? ["-d"] : []),
    `127.0.0.1:${port}`,
  ];
  const started = performance.now();
  const { success, stderr } = await new Deno.Command("smtp-source", {
    args,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return messages / ((performance.now() - started) / 1000);
}

/** Epistle with nothing in the way but the delivery. */
function benchConfig(ports: TestServer["ports"], folder: string): string {
  return `
hostname mail.example.test
domains example.test
state_dir ${folder}/state
dns 127.0.0.1:9
smtp 127.0.0.1:${ports.smtp} {
  match local { delivery sqlmail }
}
`;
}

/** One row of the result. */
interface Row {
  readonly load: Load;
  readonly epistle: number;
  readonly postfix: number | undefined;
  readonly rssMib: number;
}

async function measure(share: number): Promise<Row[]> {
  const names = ["u", ...Array.from({ length: 10 }, (_, i) => `${i + 1}u`)];
  const server = await TestServer.start({
    config: benchConfig,
    accounts: Object.fromEntries(
      names.map((name) => [`${name}@example.test`, "bench"]),
    ),
    waitFor: ["smtp"],
  });
  const postfix = await startPostfix();
  const rows: Row[] = [];
  try {
    for (const load of LOADS) {
      await run(load, server.ports.smtp, share / 10);
      const epistle = await run(load, server.ports.smtp, share);
      const rss = await server.rss();
      const rate = postfix === undefined
        ? undefined
        : await run(load, postfix.port, share);
      rows.push({
        load,
        epistle,
        postfix: rate,
        rssMib: rss / KIB / KIB,
      });
    }
  } finally {
    await postfix?.stop();
    await server.remove();
  }
  return rows;
}

/** Lines of a Markdown table, aligned. */
function table(rows: readonly Row[]): string[] {
  const head = ["load", "epistle/s", "postfix/s", "ratio", "goal/s", "RSS MiB"];
  const cells = rows.map(({ load, epistle, postfix, rssMib }) => [
    load.name,
    epistle.toFixed(0),
    postfix?.toFixed(0) ?? "-",
    postfix === undefined ? "-" : (epistle / postfix).toFixed(2),
    `${load.goal}`,
    rssMib.toFixed(0),
  ]);
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

if (import.meta.main) {
  const quick = Deno.args.includes("--quick");
  const rows = await measure(quick ? 0.2 : 1);
  const output = Deno.args.includes("--json")
    ? [JSON.stringify(rows)]
    : table(rows);
  // deno-lint-ignore no-console -- this is what the command is for
  for (const text of output) console.log(text);
}

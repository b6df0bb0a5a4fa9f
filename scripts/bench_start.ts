/**
 * `deno task bench:start [EXECUTABLE]`: time from start to the first greeting
 * and resident memory of an idle whole server, of the executable or from
 * source. Prints the median of several starts.
 */
import { freePorts } from "#tests/support/free_ports.ts";
import { ENGINE_FLAGS } from "./engine_flags.ts";

const STARTS = 5;
const DEADLINE_MS = 30_000;
/** Memory is read when the server has been idle for this long. */
const IDLE_MS = 3_000;
const MIB = 1024 * 1024;

function config(folder: string, ports: readonly number[]): string {
  const [smtp, submission, submissions, imap, imaps] = ports;
  return `
hostname mail.example.test
domains example.test
state_dir ${folder}/state
smtp 127.0.0.1:${smtp} {
}
submission 127.0.0.1:${submission} {
}
submission 127.0.0.1:${submissions} {
  tls_mode implicit
}
imap 127.0.0.1:${imap} {
}
imap 127.0.0.1:${imaps} {
  tls_mode implicit
}
`;
}

/** Resolves when the server has said 220. */
async function greeting(port: number): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (performance.now() < deadline) {
    try {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const bytes = new Uint8Array(512);
      const count = await connection.read(bytes);
      if (count !== null && count > 0) return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  throw new Error("No greeting");
}

async function rssBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const kib = /^VmRSS:\s+([0-9]+) kB$/m.exec(status)?.[1] ?? "0";
  return Number.parseInt(kib, 10) * 1024;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

async function main(): Promise<void> {
  const [executable] = Deno.args;
  const mainFile = new URL("../main.ts", import.meta.url).pathname;
  const program = executable ?? Deno.execPath();
  const before = executable === undefined
    ? ["run", ENGINE_FLAGS, "-A", "-q", mainFile]
    : [];
  const folder = await Deno.makeTempDir({ prefix: "epistle-start-" });
  const file = `${folder}/epistle.conf`;
  const ports = freePorts(5);
  await Deno.writeTextFile(file, config(folder, ports));
  const times: number[] = [];
  const memory: number[] = [];
  try {
    for (let start = 0; start < STARTS; start++) {
      const from = performance.now();
      const child = new Deno.Command(program, {
        args: [...before, "run", "--config", file],
        stdout: "null",
        stderr: "null",
      }).spawn();
      await greeting(ports[0] ?? 0);
      // The first start makes keys; the others are what an operator sees.
      if (start > 0) times.push(performance.now() - from);
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      memory.push(await rssBytes(child.pid) / MIB);
      child.kill("SIGTERM");
      await child.status;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  // deno-lint-ignore no-console -- this is what the command is for
  console.log(
    `start to first greeting: ${median(times).toFixed(0)} ms\n` +
      `idle resident memory: ${median(memory).toFixed(0)} MiB`,
  );
}

if (import.meta.main) await main();

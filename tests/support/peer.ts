/** Programs that we did not write, run as real clients. */

/** What a program printed. */
export interface PeerOutput {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How long a client may run before it is ended. */
const PEER_DEADLINE_MS = 120_000;

/** Whether the program is installed. */
export async function hasPeer(name: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", `command -v ${name}`],
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

/** Whether a test may be left out: only where nothing can be installed. */
async function mayBeAbsent(): Promise<boolean> {
  return !(await hasPeer("apt-get"));
}

/** Runs a program to its end; gives its output whatever the exit code. */
export async function runPeer(
  name: string,
  args: readonly string[],
  options: {
    readonly input?: string;
    readonly env?: Record<string, string>;
    readonly cwd?: string;
  } = {},
): Promise<PeerOutput> {
  const child = new Deno.Command(name, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), PEER_DEADLINE_MS);
  try {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(options.input ?? ""));
    await writer.close();
  } catch {
    // The program did not want input.
  }
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  return {
    code,
    stdout: new TextDecoder().decode(stdout),
    stderr: new TextDecoder().decode(stderr),
  };
}

/** Runs a program that has to succeed; gives its standard output. */
export async function peer(
  name: string,
  args: readonly string[],
  options: Parameters<typeof runPeer>[2] = {},
): Promise<string> {
  const { code, stdout, stderr } = await runPeer(name, args, options);
  if (code !== 0) {
    throw new Error(`${name}: exit ${code}\n${stdout}\n${stderr}`);
  }
  return stdout;
}

/**
 * Declares a test that needs programs. It is left out, with a notice, only on
 * a machine where they are absent and cannot be installed (no apt).
 */
export function peerTest(
  name: string,
  programs: readonly string[],
  run: () => Promise<void>,
): void {
  Deno.test(name, async () => {
    for (const program of programs) {
      if (await hasPeer(program)) continue;
      if (await mayBeAbsent()) {
        // deno-lint-ignore no-console -- a skip must be seen
        console.log(`notice: skipped "${name}": ${program} is not installed`);
        return;
      }
      throw new Error(`${program} is not installed: apt-get install it`);
    }
    await run();
  });
}

/**
 * Runs the real program with a configuration text, in a folder of its own, as
 * a person would. Stop it with `stop` (SIGTERM) or `kill` (SIGKILL); the folder
 * stays for a second start until `remove`.
 */
import { ENGINE_FLAGS } from "#scripts/engine_flags.ts";
import { freePorts } from "#tests/support/free_ports.ts";

/** How long the program may take to answer on its ports. */
const START_DEADLINE_MS = 30_000;
/** How long it may take to end. */
const STOP_DEADLINE_MS = 20_000;

/** The ports of a whole server. */
export interface Ports {
  readonly smtp: number;
  readonly submission: number;
  readonly submissions: number;
  readonly imap: number;
  readonly imaps: number;
  readonly lmtp: number;
}

/** Options of a test server. */
export interface ServerOptions {
  /** The configuration; `ports` are free ones. Default: a whole server. */
  readonly config?: (ports: Ports, folder: string) => string | Promise<string>;
  /** Accounts made before the start: address and password. */
  readonly accounts?: Readonly<Record<string, string>>;
  /** Ports that have to answer before `start` resolves. */
  readonly waitFor?: readonly (keyof Ports)[];
}

/** A whole server for domain `example.test`, on plain and TLS ports. */
export function wholeServer(ports: Ports, folder: string): string {
  return `
hostname mail.example.test
domains example.test
state_dir ${folder}/state
dns 127.0.0.1:9
smtp 127.0.0.1:${ports.smtp} {
  match local { delivery sqlmail }
  match no local { require-auth
    delivery outgoing-queue }
}
submission 127.0.0.1:${ports.submission} {
  insecure_auth yes
}
submission 127.0.0.1:${ports.submissions} {
  tls_mode implicit
}
imap 127.0.0.1:${ports.imap} {
  insecure_auth yes
}
imap 127.0.0.1:${ports.imaps} {
  tls_mode implicit
}
lmtp 127.0.0.1:${ports.lmtp} {
  delivery sqlmail
}
`;
}

/** The program, running. */
export class TestServer {
  readonly folder: string;
  readonly ports: Ports;
  readonly #options: ServerOptions;
  #child: Deno.ChildProcess | undefined;
  #output = "";
  #reading: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, ports: Ports, options: ServerOptions) {
    this.folder = folder;
    this.ports = ports;
    this.#options = options;
  }

  /** Writes the configuration, makes the accounts, starts, waits for ports. */
  static async start(options: ServerOptions = {}): Promise<TestServer> {
    const folder = await Deno.makeTempDir({ prefix: "epistle-test-" });
    const [smtp, submission, submissions, imap, imaps, lmtp] = freePorts(6);
    const ports = { smtp, submission, submissions, imap, imaps, lmtp } as Ports;
    const server = new TestServer(folder, ports, options);
    const config = await (options.config ?? wholeServer)(ports, folder);
    await Deno.writeTextFile(server.configFile, config);
    for (const [name, password] of Object.entries(options.accounts ?? {})) {
      await server.cli(["account", "add", name, "--password-stdin"], password);
    }
    await server.restart();
    return server;
  }

  get configFile(): string {
    return `${this.folder}/epistle.conf`;
  }

  /** Everything that the program printed so far. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    if (this.#child === undefined) throw new Error("The server does not run");
    return this.#child.pid;
  }

  /** Runs another command of the program; gives its standard output. */
  async cli(args: readonly string[], input = ""): Promise<string> {
    const child = new Deno.Command(Deno.execPath(), {
      args: [...programArgs(), ...args, "--config", this.configFile],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    const text = new TextDecoder().decode(stdout);
    if (code !== 0) {
      const errors = new TextDecoder().decode(stderr);
      throw new Error(
        `epistle ${args.join(" ")}: exit ${code}\n${text}${errors}`,
      );
    }
    return text;
  }

  /** Starts (again) and waits until every port answers. */
  async restart(): Promise<void> {
    const child = new Deno.Command(Deno.execPath(), {
      args: [...programArgs(), "run", "--config", this.configFile],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#child = child;
    this.#reading = Promise.all([
      this.#collect(child.stdout),
      this.#collect(child.stderr),
    ]);
    const wanted = this.#options.waitFor ??
      (Object.keys(this.ports) as (keyof Ports)[]);
    const deadline = Date.now() + START_DEADLINE_MS;
    for (const name of wanted) {
      await this.#waitForPort(this.ports[name], deadline);
    }
  }

  /** Asks the program to end and waits for it; gives its exit code. */
  stop(): Promise<number> {
    return this.#end("SIGTERM");
  }

  /** Ends the program at once, as a power cut would. */
  kill(): Promise<number> {
    return this.#end("SIGKILL");
  }

  /** Stops if needed and removes the folder. */
  async remove(): Promise<void> {
    if (this.#child !== undefined) await this.stop();
    await Deno.remove(this.folder, { recursive: true });
  }

  /** Resident memory of the program in bytes. */
  async rss(): Promise<number> {
    const status = await Deno.readTextFile(`/proc/${this.pid}/status`);
    const kib = /^VmRSS:\s+([0-9]+) kB$/m.exec(status)?.[1];
    return Number.parseInt(kib ?? "0", 10) * 1024;
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<number> {
    const child = this.#child;
    if (child === undefined) return 0;
    this.#child = undefined;
    try {
      child.kill(signal);
    } catch {
      // It has ended by itself; its exit code tells.
    }
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
    const { code } = await child.status;
    clearTimeout(timer);
    await this.#reading;
    return code;
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#output += decoder.decode(chunk, { stream: true });
    }
  }

  async #waitForPort(port: number, deadline: number): Promise<void> {
    while (true) {
      try {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port });
        connection.close();
        return;
      } catch {
        if (Date.now() > deadline) {
          await this.kill();
          throw new Error(`Port ${port} does not answer:\n${this.#output}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}

/** How to start the program from source. */
function programArgs(): string[] {
  const main = new URL("../../main.ts", import.meta.url).pathname;
  return ["run", ENGINE_FLAGS, "-A", "--no-prompt", "--quiet", main];
}

/** Runs `use` with a server and takes the server away afterwards. */
export async function withServer(
  options: ServerOptions,
  use: (server: TestServer) => Promise<void>,
): Promise<void> {
  const server = await TestServer.start(options);
  try {
    await use(server);
  } catch (error) {
    // deno-lint-ignore no-console -- the output tells why the test failed
    console.error(server.output.slice(-8000));
    throw error;
  } finally {
    await server.remove();
  }
}

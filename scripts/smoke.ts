/**
 * `deno task smoke dist/epistle`: proves an executable in an empty folder: it
 * starts with a short configuration, takes a message over SMTP (AUTH, implicit
 * TLS), gives it back over IMAP, stops, and leaves its state where it was told.
 */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { ImapFlow } from "imapflow";
import { createTransport } from "nodemailer";
import { freePorts } from "#tests/support/free_ports.ts";

/** The name of the machine, which is the domain where none is configured. */
const ACCOUNT = `alice@${Deno.hostname().toLowerCase()}`;
const PASSWORD = "correct horse battery staple";
const START_DEADLINE_MS = 15_000;
const STOP_DEADLINE_MS = 15_000;

function configuration(submissions: number, imaps: number): string {
  return [
    `submission 127.0.0.1:${submissions} { tls_mode implicit }`,
    `imap 127.0.0.1:${imaps} { tls_mode implicit }`,
    "state_dir state",
    "",
  ].join("\n");
}

async function addAccount(program: string, folder: string): Promise<void> {
  const child = new Deno.Command(program, {
    args: ["account", "add", ACCOUNT, "--password-stdin"],
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${PASSWORD}\n`));
  await writer.close();
  const { code, stderr } = await child.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

/** Waits until the port answers with a greeting; gives the milliseconds. */
async function waitForPort(port: number): Promise<number> {
  const begin = performance.now();
  while (true) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return performance.now() - begin;
    } catch {
      const waited = performance.now() - begin;
      if (waited > START_DEADLINE_MS) throw new Error(`Port ${port} is closed`);
      await new Promise((done) => setTimeout(done, 20));
    }
  }
}

async function send(port: number): Promise<void> {
  const transport = createTransport({
    host: "127.0.0.1",
    port,
    secure: true,
    tls: { rejectUnauthorized: false },
    auth: { user: ACCOUNT, pass: PASSWORD },
  });
  await transport.sendMail({
    from: ACCOUNT,
    to: ACCOUNT,
    subject: "Smoke",
    text: "Where there is smoke, there is mail.",
  });
  transport.close();
}

async function read(port: number): Promise<string> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port,
    secure: true,
    logger: false,
    tls: { rejectUnauthorized: false },
    auth: { user: ACCOUNT, pass: PASSWORD },
  });
  await client.connect();
  const lock = await client.getMailboxLock("INBOX");
  try {
    const message = await client.fetchOne("*", { source: true });
    assert.ok(message !== false && message.source !== undefined, "no message");
    return new TextDecoder().decode(message.source);
  } finally {
    lock.release();
    await client.logout();
  }
}

async function smoke(program: string, folder: string): Promise<void> {
  const [submissions = 0, imaps = 0] = freePorts(2);
  await Deno.writeTextFile(
    `${folder}/epistle.conf`,
    configuration(submissions, imaps),
  );
  await addAccount(program, folder);
  const server = new Deno.Command(program, {
    args: ["run"],
    cwd: folder,
    // Whatever it would leave among temporary files is found below.
    env: { TMPDIR: folder },
    stdin: "null",
    stderr: "piped",
  }).spawn();
  const log = new Response(server.stderr).text();
  try {
    const ms = await waitForPort(submissions);
    await waitForPort(imaps);
    await send(submissions);
    const source = await read(imaps);
    assert.match(source, /^Subject: Smoke\r$/m);
    assert.match(source, /Where there is smoke, there is mail\./);
    server.kill("SIGTERM");
    const late = setTimeout(() => server.kill("SIGKILL"), STOP_DEADLINE_MS);
    const { code } = await server.status;
    clearTimeout(late);
    assert.equal(code, 0, "the server did not stop in order");
    assert.doesNotMatch(await log, /level=error/, "the server had a fault");
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["epistle.conf", "state"]);
    say(`smoke: the executable works; ready after ${Math.round(ms)} ms`);
  } finally {
    try {
      server.kill("SIGKILL");
    } catch {
      // It has ended, as it should.
    }
    await Deno.stderr.write(new TextEncoder().encode(await log));
  }
}

function say(text: string): void {
  // deno-lint-ignore no-console -- what the script is for
  console.log(text);
}

if (import.meta.main) {
  const [given = "dist/epistle"] = Deno.args;
  const folder = await Deno.makeTempDir({ prefix: "epistle-smoke-" });
  try {
    await smoke(resolve(given), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

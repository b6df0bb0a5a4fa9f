/**
 * `deno task dev`: a complete server on high ports of this machine, with an
 * account and a message in it. State is in `.dev/`; remove it to begin anew.
 */
import { DEV_WELCOME } from "#scripts/dev_welcome.ts";
import { ENGINE_FLAGS } from "#scripts/engine_flags.ts";
import { takenPorts } from "#src/net/taken_ports.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const CONFIG = `${ROOT}config/dev.conf`;
const STATE = `${ROOT}.dev`;
const ACCOUNT = "demo@localhost";
const START_DEADLINE_MS = 60_000;
/** Those of `config/dev.conf`. */
const PORTS = [2525, 2587, 2465, 2143, 2993];

/** Starts the program from source with the permissions of the executable. */
function epistle(
  args: readonly string[],
  stdin: "null" | "piped",
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ENGINE_FLAGS,
      "--no-prompt",
      "--allow-net",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-sys",
      `${ROOT}main.ts`,
      ...args,
      "--config",
      CONFIG,
    ],
    stdin,
    stdout: args[0] === "run" ? "inherit" : "null",
  }).spawn();
}

/** The password of the last time, or a new one with its account. */
async function account(): Promise<{ password: string; isNew: boolean }> {
  const file = `${STATE}/demo-password`;
  try {
    return { password: await Deno.readTextFile(file), isNew: false };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  const password = btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "a").replaceAll("/", "b");
  const child = epistle(
    ["account", "add", ACCOUNT, "--password-stdin"],
    "piped",
  );
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${password}\n`));
  await writer.close();
  const { success } = await child.status;
  if (!success) throw new Error(`${ACCOUNT} could not be added`);
  await Deno.writeTextFile(file, password, { mode: 0o600 });
  return { password, isNew: true };
}

/** Waits until every port answers, or the server has ended. */
async function ready(ended: Promise<unknown>): Promise<boolean> {
  let over = false;
  void ended.then(() => over = true);
  const deadline = Date.now() + START_DEADLINE_MS;
  for (const port of PORTS) {
    while (true) {
      if (over || Date.now() > deadline) return false;
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port })).close();
        break;
      } catch {
        await new Promise((done) => setTimeout(done, 50));
      }
    }
  }
  return true;
}

/** Sends the welcome message as any other host would. */
async function welcome(): Promise<void> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: 2525 });
  const lines = connection.readable.pipeThrough(new TextDecoderStream())
    .getReader();
  const writer = connection.writable.getWriter();
  const reply = async (): Promise<void> => {
    for (let text = ""; !/^[0-9]{3} .*\r\n/m.test(text);) {
      const { value, done } = await lines.read();
      if (done) throw new Error("The server closed the connection");
      text += value;
      if (/^[45]/.test(text)) throw new Error(text.trim());
    }
  };
  await reply();
  const commands = [
    "EHLO localhost",
    "MAIL FROM:<postmaster@localhost>",
    `RCPT TO:<${ACCOUNT}>`,
    "DATA",
    `Date: ${new Date().toUTCString().replace("GMT", "+0000")}\r\n` +
    `${DEV_WELCOME.trim().replaceAll("\n", "\r\n")}\r\n.`,
    "QUIT",
  ];
  for (const command of commands) {
    await writer.write(new TextEncoder().encode(`${command}\r\n`));
    await reply();
  }
  // The server closes after QUIT; reading on ends the connection here too.
  while (!(await lines.read()).done);
  await writer.close();
}

function instructions(password: string): string {
  const auth = `${ACCOUNT}:${password}`;
  const user = ACCOUNT.replace("@", "%40");
  return `
Epistle runs. Account: ${ACCOUNT}   Password: ${password}

Send a message to it, as another host would:
  swaks --server 127.0.0.1:2525 --from you@example.test --to ${ACCOUNT} --body hello
  printf 'Subject: hello\\r\\n\\r\\nHello.\\r\\n' | curl smtp://127.0.0.1:2525/client.test --mail-from you@example.test --mail-rcpt ${ACCOUNT} -T -

Send as the account (login over TLS):
  swaks --server 127.0.0.1:2587 -tls --auth PLAIN --auth-user ${ACCOUNT} --auth-password ${password} --from ${ACCOUNT} --to ${ACCOUNT}
  printf 'From: ${ACCOUNT}\\r\\nSubject: hello\\r\\n\\r\\nHello.\\r\\n' | curl -k --user '${auth}' smtps://127.0.0.1:2465 --mail-from ${ACCOUNT} --mail-rcpt ${ACCOUNT} -T -

Read it:
  curl -k --user '${auth}' 'imaps://127.0.0.1:2993/INBOX;UID=1'
  curl -k --user '${auth}' imap://127.0.0.1:2143/INBOX --ssl-reqd -X 'FETCH 1:* (UID FLAGS ENVELOPE)'
  mutt -e 'set imap_pass=${password}' -f 'imaps://${user}@127.0.0.1:2993/INBOX'

Commands:
  ${deno()} task epistle account list --config config/dev.conf
  ${deno()} task epistle queue list --config config/dev.conf

Ctrl-C ends it. Everything is in .dev/; remove it to begin anew.
`;
}

/** How whoever called this calls Deno: npx sets `npm_command`. */
function deno(): string {
  const byNpx = Deno.env.get("npm_command") === "exec";
  return byNpx ? `npx -y deno@${Deno.version.deno}` : "deno";
}

function say(text: string): void {
  // deno-lint-ignore no-console -- what the script is for
  console.log(text);
}

async function main(): Promise<number> {
  // Another server there would be taken for this one.
  const taken = takenPorts(PORTS.map((port) => ({ host: "127.0.0.1", port })));
  if (taken.length > 0) {
    // deno-lint-ignore no-console -- what the script is for
    console.error(
      `Something listens on ${taken.join(", ")}: another task dev?`,
    );
    return 1;
  }
  await Deno.mkdir(STATE, { recursive: true, mode: 0o700 });
  const { password, isNew } = await account();
  const server = epistle(["run"], "null");
  // The server gets Ctrl-C too and ends in order; we wait for it.
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) {
    Deno.addSignalListener(signal, () => {
      if (signal === "SIGTERM") server.kill("SIGTERM");
    });
  }
  try {
    if (await ready(server.status)) {
      if (isNew) await welcome();
      say(instructions(password));
    }
  } catch (error) {
    server.kill("SIGTERM");
    throw error;
  }
  const { code } = await server.status;
  return code;
}

if (import.meta.main) Deno.exit(await main());

/** A Postfix instance of its own for benchmarks, on loopback. */
import { freePorts } from "#tests/support/free_ports.ts";

/** A running Postfix. */
export interface BenchPostfix {
  readonly port: number;
  stop(): Promise<void>;
}

/** Takes everything into the `hold` queue: nothing runs besides receiving. */
function mainCf(folder: string): string {
  return `
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.test
mydestination = example.test
mynetworks = 127.0.0.0/8
local_recipient_maps =
smtpd_recipient_restrictions = check_recipient_access static:HOLD,
  permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
message_size_limit = 60000000
maillog_file = ${folder}/log
maillog_file_prefixes = ${folder}
`;
}

async function command(...args: string[]): Promise<boolean> {
  const [program = "", ...rest] = args;
  const { success } = await new Deno.Command(program, {
    args: rest,
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

/** Starts Postfix; `undefined` where it is not installed or we are not root. */
export async function startPostfix(): Promise<BenchPostfix | undefined> {
  if (Deno.uid() !== 0 || !await command("sh", "-c", "command -v postfix")) {
    return undefined;
  }
  const [port = 0] = freePorts(1);
  const folder = await Deno.makeTempDir({ prefix: "epistle-postfix-" });
  await Deno.chmod(folder, 0o755);
  const conf = `${folder}/conf`;
  for (const name of ["conf", "queue", "data"]) {
    await Deno.mkdir(`${folder}/${name}`);
  }
  await command("chown", "postfix", `${folder}/data`);
  const master = await Deno.readTextFile("/etc/postfix/master.cf");
  await Deno.writeTextFile(
    `${conf}/master.cf`,
    master.replace(
      /^smtp\s+inet\s+n\s+-\s+\S+/m,
      `127.0.0.1:${port} inet n - n`,
    ),
  );
  await Deno.writeTextFile(`${conf}/main.cf`, mainCf(folder));
  if (!await command("postfix", "-c", conf, "start")) {
    await Deno.remove(folder, { recursive: true });
    return undefined;
  }
  return {
    port,
    async stop(): Promise<void> {
      await command("postfix", "-c", conf, "stop");
      await Deno.remove(folder, { recursive: true });
    },
  };
}

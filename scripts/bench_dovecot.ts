/** A Dovecot of its own for benchmarks, on loopback, with Maildir. */
import { dirname } from "node:path";
import { freePorts } from "#tests/support/free_ports.ts";
import { BenchClient } from "./bench_imap_client.ts";
import { benchMessage } from "./bench_messages.ts";

/** A running Dovecot with one account, `u@example.test`, password `bench`. */
export interface BenchDovecot {
  readonly port: number;
  readonly tlsPort: number;
  /** Certificate to trust, as PEM. */
  readonly ca: string;
  /** Puts messages into a mailbox as if they had been delivered. */
  fill(mailbox: string, count: number): Promise<void>;
  /** Proportional memory of all of its processes, in bytes. */
  memory(): Promise<number>;
  stop(): Promise<void>;
}

/** Dovecot's own high-performance mode for logins; mail is synced to disk. */
function conf(folder: string, port: number, tlsPort: number): string {
  return `
base_dir = ${folder}/run
log_path = ${folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
disable_plaintext_auth = no
mail_location = maildir:${folder}/mail
mail_fsync = optimized
first_valid_uid = 8
default_client_limit = 4000
default_process_limit = 4000
default_vsz_limit = 1G
mail_max_userip_connections = 0
namespace inbox {
  inbox = yes
  separator = /
}
passdb {
  driver = passwd-file
  args = ${folder}/users
}
userdb {
  driver = static
  args = uid=mail gid=mail home=${folder}/home
}
service imap-login {
  service_count = 0
  process_min_avail = 2
  inet_listener imap {
    address = 127.0.0.1
    port = ${port}
  }
  inet_listener imaps {
    address = 127.0.0.1
    port = ${tlsPort}
    ssl = yes
  }
}
service anvil {
  client_limit = 5000
}
service auth {
  client_limit = 5000
}
service imap {
  process_limit = 2000
}
`;
}

/** How long it may take until somebody can log in. */
const START_DEADLINE_MS = 20_000;

/** Standard output of a program; `undefined` where it fails. */
async function output(...args: string[]): Promise<string | undefined> {
  const [program = "", ...rest] = args;
  try {
    const { success, stdout } = await new Deno.Command(program, {
      args: rest,
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    return undefined;
  }
}

/** Starts Dovecot; `undefined` where it is not installed or we are not root. */
export async function startDovecot(): Promise<BenchDovecot | undefined> {
  if (Deno.uid() !== 0 || await output("dovecot", "--version") === undefined) {
    return undefined;
  }
  const [port = 0, tlsPort = 0] = freePorts(2);
  const folder = await publicFolder();
  for (const name of ["mail", "home", "run"]) {
    await Deno.mkdir(`${folder}/${name}`);
    await Deno.chmod(`${folder}/${name}`, 0o755);
  }
  await makeCertificate(folder);
  const hash = await output(
    "doveadm",
    "pw",
    "-s",
    "SHA512-CRYPT",
    "-p",
    "bench",
  );
  const users = `u@example.test:${(hash ?? "").trim()}\n`;
  await Deno.writeTextFile(`${folder}/users`, users);
  await Deno.chmod(`${folder}/users`, 0o644);
  await Deno.writeTextFile(`${folder}/conf`, conf(folder, port, tlsPort));
  await output("chown", "-R", "mail:mail", `${folder}/mail`, `${folder}/home`);
  if (await output("dovecot", "-c", `${folder}/conf`) === undefined) {
    await Deno.remove(folder, { recursive: true });
    return undefined;
  }
  const stop = async (): Promise<void> => {
    await output("dovecot", "-c", `${folder}/conf`, "stop");
    await Deno.remove(folder, { recursive: true });
  };
  try {
    await ready(port);
  } catch (cause) {
    const log = await Deno.readTextFile(`${folder}/log`);
    await stop();
    throw new Error(`Nobody can log in to Dovecot:\n${log}`, { cause });
  }
  const pidFile = `${folder}/run/master.pid`;
  return {
    port,
    tlsPort,
    ca: await Deno.readTextFile(`${folder}/ca.pem`),
    fill: (mailbox, count) => fill(`${folder}/mail`, mailbox, count),
    memory: () => memoryOf(pidFile),
    stop,
  };
}

/**
 * A new folder that Dovecot's users can reach: what holds temporary files
 * may be closed to all but us, and so may what we make (umask).
 */
async function publicFolder(): Promise<string> {
  const prefix = "epistle-dovecot-";
  let folder = await Deno.makeTempDir({ prefix });
  if (!await isOpen(dirname(folder))) {
    await Deno.remove(folder);
    folder = await Deno.makeTempDir({ prefix, dir: "/var/tmp" });
  }
  await Deno.chmod(folder, 0o755);
  return folder;
}

/** Whether everybody may pass through a folder and all above it. */
async function isOpen(folder: string): Promise<boolean> {
  for (let at = await Deno.realPath(folder);; at = dirname(at)) {
    const { mode } = await Deno.stat(at);
    if (((mode ?? 0) & 0o001) === 0) return false;
    if (at === "/") return true;
  }
}

/** Its parts start one after the other; at first nobody can log in. */
async function ready(port: number): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    try {
      const client = await BenchClient.login(port, "u@example.test");
      client.close();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** A certificate authority and a P-256 leaf for localhost. */
async function makeCertificate(folder: string): Promise<void> {
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  const make = ["openssl", "req", "-x509", "-nodes", "-days", "2", ...curve];
  await output(
    ...make,
    ...["-subj", "/CN=bench ca", "-keyout", `${folder}/ca.key`],
    ...["-out", `${folder}/ca.pem`],
  );
  await output(
    ...make,
    ...["-subj", "/CN=localhost", "-keyout", `${folder}/key.pem`],
    ...["-addext", "subjectAltName=DNS:localhost"],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-CA", `${folder}/ca.pem`, "-CAkey", `${folder}/ca.key`],
    ...["-out", `${folder}/cert.pem`],
  );
}

async function fill(
  mail: string,
  mailbox: string,
  count: number,
): Promise<void> {
  const folder = `${mail}/.${mailbox}`;
  for (const name of ["cur", "new", "tmp"]) {
    await Deno.mkdir(`${folder}/${name}`, { recursive: true });
  }
  for (let n = 0; n < count; n++) {
    const name = `${1_770_000_000 + n}.M${n}P1.bench:2,`;
    await Deno.writeFile(`${folder}/cur/${name}`, benchMessage(n));
  }
  await output("chown", "-R", "mail:mail", mail);
}

/** Sum of the proportional set sizes below the master process. */
async function memoryOf(pidFile: string): Promise<number> {
  const master = (await Deno.readTextFile(pidFile)).trim();
  const children = await output("pgrep", "-P", master) ?? "";
  let kib = 0;
  for (const pid of [master, ...children.split("\n").filter(Boolean)]) {
    try {
      const rollup = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
      kib += Number(/^Pss:\s+([0-9]+) kB$/m.exec(rollup)?.[1] ?? 0);
    } catch {
      // It has ended since.
    }
  }
  return kib * 1_024;
}

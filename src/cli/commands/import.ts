/** `epistle import`: brings mail from elsewhere into an account. */
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import type { Configuration } from "#src/module/configuration.ts";
import { CliError, FAILURE, OK, USAGE } from "../exit_code.ts";
import { load } from "../load.ts";
import {
  type CommandContext,
  defineSubcommand,
  type OptionSpec,
} from "../subcommand.ts";
import type { ImportOutcome } from "../transfer/import_mail.ts";
import type { MailSource } from "../transfer/mail_source.ts";
import { ACCOUNT, INSTANCE_OPTION } from "./mail_options.ts";

const OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...INSTANCE_OPTION,
  into: {
    type: "string",
    value: "MAILBOX",
    doc: "Put all folders below this mailbox.",
  },
};

const RESUME =
  "An import that was broken off goes on where it was when it is run again;\n" +
  "what it has brought already is not brought twice.";

const PATH = { name: "PATH", doc: "A file or folder." };

export const importMbox = defineSubcommand({
  name: "import mbox",
  summary: "Bring in mbox files, as of Thunderbird, mutt or Gmail Takeout.",
  help: `PATH is a file, or a folder in which each mbox file is a mailbox.\n` +
    `\n${RESUME}`,
  positionals: [ACCOUNT, PATH],
  options: {
    ...OPTIONS,
    mailbox: {
      type: "string",
      value: "NAME",
      doc: "Where a single file goes; INBOX where left out.",
    },
  },
  async run(context) {
    const { openMbox } = await import("../transfer/mbox_source.ts");
    const { mailbox } = context.options;
    const name = typeof mailbox === "string" ? mailbox : "INBOX";
    const path = await existing(context);
    return await importFrom(
      context,
      () => Promise.resolve(openMbox(path, name)),
    );
  },
});

export const importMaildir = defineSubcommand({
  name: "import maildir",
  summary: "Bring in a Maildir with its folders, as of Dovecot or mbsync.",
  help: RESUME,
  positionals: [ACCOUNT, PATH],
  options: OPTIONS,
  async run(context) {
    const { openMaildir } = await import("../transfer/maildir_source.ts");
    const path = await existing(context);
    return await importFrom(context, () => Promise.resolve(openMaildir(path)));
  },
});

export const importImap = defineSubcommand({
  name: "import imap",
  summary: "Bring in the mail of an account on another IMAP server.",
  help:
    `SERVER is host or host:port; TLS is used from the first byte but on\n` +
    `port 143, where STARTTLS is.\n\n${RESUME}`,
  positionals: [
    ACCOUNT,
    { name: "SERVER", doc: "The other server." },
    { name: "USER", doc: "The login name there." },
  ],
  options: {
    ...OPTIONS,
    "password-stdin": {
      type: "boolean",
      doc: "Read the password from standard input instead of asking for it.",
    },
    insecure: { type: "boolean", doc: "Accept any certificate." },
  },
  async run(context) {
    const { openRemoteMail } = await import("../transfer/imap_source.ts");
    const [, server = "", user = ""] = context.positionals;
    const [, host = "", port = "993"] = /^(.*?)(?::([0-9]{1,5}))?$/
      .exec(server) ?? [];
    const password = await readPassword(context);
    return await importFrom(context, () =>
      openRemoteMail({
        host,
        port: Number(port),
        secure: port !== "143",
        user,
        password,
        insecure: context.options.insecure === true,
      }));
  },
});

async function existing({ positionals }: CommandContext): Promise<string> {
  const path = resolve(positionals[1] ?? "");
  try {
    await Deno.stat(path);
    return path;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new CliError(`There is no ${path}`, USAGE);
  }
}

async function readPassword(
  { options, terminal, positionals: [, server, user] }: CommandContext,
): Promise<string> {
  if (terminal.interactive) {
    return await terminal.askSecret(`Password of ${user} on ${server}: `);
  }
  if (options["password-stdin"] !== true) {
    throw new CliError(
      "Where is the password of the other server to come from?",
      USAGE,
      "Give it on standard input: --password-stdin < FILE",
    );
  }
  return (await terminal.readAll()).replace(/\r?\n$/, "");
}

async function importFrom(
  context: CommandContext,
  open: () => Promise<MailSource>,
): Promise<number> {
  const configuration = await load(context);
  const { storageInstance, withMail } = await import("../open_mail.ts");
  const { importMail } = await import("../transfer/import_mail.ts");
  const { Journal } = await import("../transfer/journal.ts");
  const { Progress } = await import("../transfer/progress.ts");
  const [account = ""] = context.positionals;
  const { instance: named, into } = context.options;
  const instance = storageInstance(configuration, named);
  const prefix = typeof into === "string" ? `${into}/` : "";
  const source = await open();
  const target = `${instance} ${account} ${prefix}`;
  const path = await journalPath(configuration, source.identity, target);
  const journal = await Journal.open(path);
  const progress = new Progress(context.terminal);
  try {
    const outcome = await withMail(
      configuration,
      { instance, account },
      (connection) =>
        importMail({ source, connection, journal, progress, prefix }),
    );
    progress.end();
    return report(context, outcome, progress.rate);
  } finally {
    journal.close();
    await source.close();
  }
}

/** One journal for each source and target, among the state. */
async function journalPath(
  { globals }: Configuration,
  source: string,
  target: string,
): Promise<string> {
  const folder = join(globals.state_dir, "imports");
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const hash = createHash("sha256").update(`${source}\n${target}`)
    .digest("hex").slice(0, 16);
  return join(folder, `${hash}.journal`);
}

function report(
  { terminal, json }: CommandContext,
  outcome: ImportOutcome,
  rate: number,
): number {
  const { folders, messages, skipped, refused } = outcome;
  if (folders === 0) {
    throw new CliError(
      "No mailbox was found there",
      FAILURE,
      'A Maildir has the folders cur and new, an mbox begins with "From "',
    );
  }
  if (json) {
    terminal.out(`${JSON.stringify(outcome)}\n`);
  } else {
    const before = skipped === 0 ? "" : `, ${skipped} were here before`;
    terminal.out(
      `${messages} messages in ${folders} mailboxes${before} ` +
        `(${Math.round(rate)}/s)\n`,
    );
    for (const { mailbox, key, reason } of refused) {
      const what = key === undefined ? mailbox : `${mailbox}, message ${key}`;
      terminal.err(`Left out: ${what}: ${reason}\n`);
    }
  }
  return refused.length === 0 ? OK : FAILURE;
}

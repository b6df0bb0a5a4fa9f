/** `epistle account`: who may log in. */
import type { Configuration } from "#src/module/configuration.ts";
import { parseSize } from "#src/config/quantities.ts";
import { callInstance, instanceOption, printDone } from "../admin_command.ts";
import { CliError, OK, USAGE } from "../exit_code.ts";
import { load } from "../load.ts";
import {
  type CommandContext,
  defineSubcommand,
  type OptionSpec,
  type Subcommand,
} from "../subcommand.ts";
import { formatRecords } from "../table.ts";

const INSTANCE = instanceOption("The instance that keeps the accounts");

const PASSWORD: Readonly<Record<string, OptionSpec>> = {
  ...INSTANCE,
  "password-stdin": {
    type: "boolean",
    doc: "Read the password from standard input instead of asking for it.",
  },
};

const NAME = { name: "NAME", doc: "The account, as an address." };

export const accountAdd = defineSubcommand({
  name: "account add",
  summary: "Add an account with its mailboxes.",
  positionals: [NAME],
  options: PASSWORD,
  run: (context) => withPassword(context, "add", "added"),
});

export const accountPasswd = defineSubcommand({
  name: "account passwd",
  summary: "Set another password.",
  positionals: [NAME],
  options: PASSWORD,
  run: (context) => withPassword(context, "passwd", "has another password"),
});

export const accountRemove = defineSubcommand({
  name: "account remove",
  summary: "Remove an account with all of its mail.",
  positionals: [NAME],
  options: INSTANCE,
  async run(context) {
    const [name = ""] = context.positionals;
    const result = await call(context, "remove", { name });
    return printDone(context, result, `${name} is removed`);
  },
});

/** What `account.list` gives of each account. */
interface AccountRow {
  readonly name: string;
  readonly state: string;
  readonly aliases: readonly string[];
  readonly messages: number;
  readonly sizeBytes: number;
  /** Absent with other storages than `sqlmail`. */
  readonly quota?: {
    readonly storage: number | null;
    readonly messages: number | null;
  };
}

export const accountList = defineSubcommand({
  name: "account list",
  summary: "List the accounts.",
  options: INSTANCE,
  async run(context) {
    const accounts = await call(context, "list", {}) as readonly AccountRow[];
    if (context.json) {
      context.terminal.out(`${JSON.stringify(accounts)}\n`);
      return OK;
    }
    const rows = accounts.map((account) => ({
      ...account,
      messages: ofLimit(`${account.messages}`, account.quota?.messages),
      size: ofLimit(
        formatSize(account.sizeBytes),
        account.quota?.storage,
        formatSize,
      ),
      aliases: account.aliases.length === 0 ? undefined : account.aliases,
    }));
    context.terminal.out(
      rows.length === 0
        ? "There are no accounts; epistle account add makes one\n"
        : formatRecords(["name", "state", "messages", "size", "aliases"], rows),
    );
    return OK;
  },
});

export const accountQuota = defineSubcommand({
  name: "account quota",
  summary: "Limit the mail of an account.",
  help:
    'SIZE is bytes or a number with K, M, G or T; "none" lifts the limit, and\n' +
    '"default" takes that of the configuration (default_quota).',
  positionals: [NAME],
  options: {
    ...INSTANCE,
    storage: { type: "string", value: "SIZE", doc: "All messages together." },
    messages: { type: "string", value: "NUMBER", doc: "How many messages." },
  },
  async run(context) {
    const { storage, messages } = context.options;
    if (storage === undefined && messages === undefined) {
      throw new CliError("Which limit? Give --storage or --messages", USAGE);
    }
    const [name = ""] = context.positionals;
    const result = await call(context, "quota", {
      name,
      storage: limitOf("storage", storage, parseSize),
      messages: limitOf("messages", messages, parseCount),
    });
    return printDone(
      context,
      result,
      `${nameIn(result) ?? name} has this limit`,
    );
  },
});

/** `5`, or `5 of 10` where there is a limit. */
function ofLimit(
  text: string,
  limit: number | null | undefined,
  format = String as (value: number) => string,
): string {
  return typeof limit === "number" ? `${text} of ${format(limit)}` : text;
}

function limitOf(
  option: string,
  given: string | boolean | undefined,
  parse: (text: string) => number | undefined,
): number | string | undefined {
  if (typeof given !== "string") return undefined;
  if (given === "none" || given === "default") return given;
  const value = parse(given);
  if (value !== undefined) return value;
  throw new CliError(
    `--${option} is a number, none or default, not "${given}"`,
    USAGE,
  );
}

function parseCount(text: string): number | undefined {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

/** `1.5 MiB`, for people. */
function formatSize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

export const accountDisable = stateCommand(
  "disable",
  "may not log in any more",
);
export const accountEnable = stateCommand("enable", "may log in again");

function stateCommand(command: string, outcome: string): Subcommand {
  return defineSubcommand({
    name: `account ${command}`,
    summary: command === "enable"
      ? "Let a disabled account log in again."
      : "Keep an account and its mail, but let nobody log in.",
    positionals: [NAME],
    options: INSTANCE,
    async run(context) {
      const [name = ""] = context.positionals;
      const result = await call(context, command, { name });
      return printDone(context, result, `${name} ${outcome}`);
    },
  });
}

export const accountAliasAdd = defineSubcommand({
  name: "account alias add",
  summary: "Give an account one more address.",
  positionals: [NAME, { name: "ADDRESS", doc: "The address." }],
  options: INSTANCE,
  async run(context) {
    const [name = "", address = ""] = context.positionals;
    const result = await call(context, "alias.add", { name, address });
    return printDone(context, result, `${address} belongs to ${name}`);
  },
});

export const accountAliasRemove = defineSubcommand({
  name: "account alias remove",
  summary: "Take an address away from its account.",
  positionals: [{ name: "ADDRESS", doc: "The address." }],
  options: INSTANCE,
  async run(context) {
    const [address = ""] = context.positionals;
    const result = await call(context, "alias.remove", { address });
    return printDone(context, result, `${address} is removed`);
  },
});

async function withPassword(
  context: CommandContext,
  command: string,
  outcome: string,
): Promise<number> {
  const [given = ""] = context.positionals;
  const configuration = await load(context);
  const password = await readPassword(context);
  const args = { name: given, password };
  const result = await ask(configuration, context, command, args);
  const name = nameIn(result) ?? given;
  if (command === "add") noteDomain(configuration, context, name);
  return printDone(context, result, `${name} ${outcome}`);
}

/** The name as it is kept: a bare one has got its domain. */
function nameIn(result: unknown): string | undefined {
  if (typeof result !== "object" || result === null) return undefined;
  return "name" in result ? String(result.name) : undefined;
}

/** An account whose mail goes elsewhere is often a slip. */
function noteDomain(
  { globals: { domains } }: Configuration,
  { terminal }: CommandContext,
  name: string,
): void {
  const domain = name.slice(name.lastIndexOf("@") + 1);
  if (!name.includes("@") || domains.includes(domain)) return;
  terminal.err(
    `Note: ${domain} is not in "domains" (${
      domains.join(" ")
    }): "match local" does not take its mail\n`,
  );
}

/** From standard input, or typed twice by a person. */
async function readPassword(
  { options, terminal }: CommandContext,
): Promise<string> {
  let password: string;
  if (terminal.interactive) {
    password = await terminal.askSecret("Password: ");
    if (password !== await terminal.askSecret("The same again: ")) {
      throw new CliError("These are two different passwords");
    }
  } else if (options["password-stdin"] === true) {
    password = (await terminal.readAll()).replace(/\r?\n$/, "");
  } else {
    throw new CliError(
      "Where is the password to come from?",
      USAGE,
      "Give it on standard input: --password-stdin < FILE",
    );
  }
  if (password === "") {
    throw new CliError("The password is empty", USAGE);
  }
  if (/[\0\r\n]/.test(password)) {
    throw new CliError("A password is one line", USAGE);
  }
  return password;
}

async function call(
  context: CommandContext,
  command: string,
  args: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  return await ask(await load(context), context, command, args);
}

async function ask(
  configuration: Configuration,
  context: CommandContext,
  command: string,
  args: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const target = {
    what: "instance that keeps accounts",
    role: "auth",
  } as const;
  const full = `account.${command}`;
  return await callInstance(configuration, context, target, full, args);
}

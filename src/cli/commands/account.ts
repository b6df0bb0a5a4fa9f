/** `epistle account`: who may log in. */
import { callAdmin } from "../admin_client.ts";
import { adminInstance } from "../admin_instance.ts";
import { CliError, OK, USAGE } from "../exit_code.ts";
import { load } from "../load.ts";
import {
  type CommandContext,
  defineSubcommand,
  type OptionSpec,
} from "../subcommand.ts";
import { formatRecords } from "../table.ts";

const INSTANCE: Readonly<Record<string, OptionSpec>> = {
  instance: {
    type: "string",
    value: "NAME",
    doc: "The instance that keeps the accounts, where there are several.",
  },
};

const PASSWORD: Readonly<Record<string, OptionSpec>> = {
  ...INSTANCE,
  "password-stdin": {
    type: "boolean",
    doc: "Read the password from standard input.",
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
    return done(context, result, `${name} is removed`);
  },
});

export const accountList = defineSubcommand({
  name: "account list",
  summary: "List the accounts.",
  options: INSTANCE,
  async run(context) {
    const accounts = await call(context, "list", {}) as readonly Record<
      string,
      unknown
    >[];
    const columns = [...new Set(accounts.flatMap((one) => Object.keys(one)))];
    context.terminal.out(
      context.json
        ? `${JSON.stringify(accounts)}\n`
        : formatRecords(columns.length > 0 ? columns : ["name"], accounts),
    );
    return OK;
  },
});

async function withPassword(
  context: CommandContext,
  command: string,
  outcome: string,
): Promise<number> {
  const [name = ""] = context.positionals;
  const password = await readPassword(context);
  const result = await call(context, command, { name, password });
  return done(context, result, `${name} ${outcome}`);
}

/** From standard input, or typed twice by a person. */
async function readPassword(context: CommandContext): Promise<string> {
  const { options, terminal } = context;
  if (options["password-stdin"] !== true) {
    throw new CliError(
      "Where is the password to come from?",
      USAGE,
      "Give it on standard input: --password-stdin < FILE",
    );
  }
  if (terminal.interactive) {
    terminal.err("Password, then Enter and Ctrl-D: ");
  }
  const password = (await terminal.readAll()).replace(/\r?\n$/, "");
  if (password === "") {
    throw new CliError("The password is empty", USAGE);
  }
  if (/[\0\r\n]/.test(password)) {
    throw new CliError("A password is one line", USAGE);
  }
  return password;
}

function call(
  context: CommandContext,
  command: string,
  args: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const configuration = load(context);
  const instance = adminInstance(configuration, {
    what: "instance that keeps accounts",
    role: "auth",
    named: context.options.instance,
  });
  return callAdmin(configuration, { instance, command, args });
}

function done(
  { terminal, json }: CommandContext,
  result: unknown,
  text: string,
): number {
  terminal.out(json ? `${JSON.stringify(result ?? null)}\n` : `${text}\n`);
  return OK;
}

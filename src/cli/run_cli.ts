/** From the arguments of the process to the command that they name. */
import { didYouMean } from "#src/config/nearest_word.ts";
import { MailError } from "#src/errors/errors.ts";
import { systemFailure } from "#src/errors/system_reason.ts";
import { COMMANDS } from "./commands.ts";
import { CliError, FAILURE, OK, USAGE } from "./exit_code.ts";
import { formatHelp, formatOverview } from "./help.ts";
import { parseOptions } from "./parse_options.ts";
import { COMMON_OPTIONS, type Subcommand } from "./subcommand.ts";
import type { Terminal } from "./terminal.ts";

/** Words that the name of a command has at most. */
const MAX_WORDS = 3;

const SEE_LIST = "epistle --help lists the commands";

/** Runs the program; gives its exit code. Never throws. */
export async function runCli(
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    const json = args.includes("--json");
    return report(error, terminal, json);
  }
}

async function dispatch(
  given: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const leading = countLeadingOptions(given);
  const options = given.slice(0, leading);
  const args = given.slice(leading);
  const [first] = args;
  if (first === undefined) return noCommand(options, terminal);
  if (first === "help" || first === "--help" || first === "-h") {
    return help(args.slice(1), terminal);
  }
  if (first === "--version") {
    return await dispatch(["version", ...options], terminal);
  }
  const command = findCommand(args);
  if (command === undefined) return unknownCommand(args, terminal);
  const words = command.name.split(" ").length;
  const { positionals, values } = parseOptions(
    { ...COMMON_OPTIONS, ...command.options },
    [...options, ...args.slice(words)],
    seeHelp(command),
  );
  if (values.help === true) {
    terminal.out(formatHelp(command));
    return OK;
  }
  checkPositionals(command, positionals);
  return await command.run({
    positionals,
    options: values,
    terminal,
    json: values.json === true,
  });
}

/** `--config` and `--json` may stand before the command as well. */
function countLeadingOptions(args: readonly string[]): number {
  let count = 0;
  for (let arg = args[0]; arg !== undefined; arg = args[count]) {
    if (arg === "--json" || arg.startsWith("--config=")) count++;
    else if (arg === "--config" || arg === "-c") count += 2;
    else break;
  }
  return Math.min(count, args.length);
}

function noCommand(options: readonly string[], terminal: Terminal): number {
  if (options.length > 0) throw new CliError("Which command?", USAGE, SEE_LIST);
  terminal.err(formatOverview(COMMANDS));
  return USAGE;
}

/** `epistle help`, or of a command or a group. */
function help(args: readonly string[], terminal: Terminal): number {
  const words = args.filter((arg) => !arg.startsWith("-"));
  const command = findCommand(words);
  if (command !== undefined) terminal.out(formatHelp(command));
  else if (words.length > 0) unknownCommand([...words, "--help"], terminal);
  else terminal.out(formatOverview(COMMANDS));
  return OK;
}

/** The command with the longest name that the arguments begin with. */
function findCommand(args: readonly string[]): Subcommand | undefined {
  for (let words = MAX_WORDS; words > 0; words--) {
    const given = args.slice(0, words).join(" ");
    const found = COMMANDS.find(({ name }) => name === given);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A group (`account`) prints what is in it; anything else is a mistake. */
function unknownCommand(args: readonly string[], terminal: Terminal): number {
  const [first = ""] = args;
  if (first.startsWith("-")) {
    const known = [...Object.keys(COMMON_OPTIONS), "version"];
    throw new CliError(
      `There is no option "${first}"`,
      USAGE,
      didYouMean(first, known.map((name) => `--${name}`)) ?? SEE_LIST,
    );
  }
  let depth = 0;
  let group: readonly Subcommand[] = COMMANDS;
  while (depth < args.length) {
    const prefix = `${args.slice(0, depth + 1).join(" ")} `;
    const inside = group.filter(({ name }) => name.startsWith(prefix));
    if (inside.length === 0) break;
    group = inside;
    depth++;
  }
  const next = args[depth];
  const name = args.slice(0, depth).join(" ");
  if (next === undefined || next.startsWith("-")) {
    const wanted = next === "--help" || next === "-h";
    (wanted ? terminal.out : terminal.err)(formatOverview(group, name));
    return wanted ? OK : USAGE;
  }
  const given = args.slice(0, depth + 1).join(" ");
  const known = group.map(({ name }) =>
    name.split(" ").slice(0, depth + 1).join(" ")
  );
  throw new CliError(
    `There is no command "${given}"`,
    USAGE,
    didYouMean(given, new Set(known)) ??
      (depth === 0 ? SEE_LIST : `epistle ${name} --help lists the commands`),
  );
}

function checkPositionals(
  command: Subcommand,
  given: readonly string[],
): void {
  const specs = command.positionals ?? [];
  const missing = specs[given.length];
  if (missing !== undefined && missing.optional !== true) {
    throw new CliError(`${missing.name} is missing`, USAGE, seeHelp(command));
  }
  const extra = given[specs.length];
  if (extra === undefined || specs.at(-1)?.rest === true) return;
  throw new CliError(
    `Unexpected "${extra}"`,
    USAGE,
    /\.(conf|ya?ml)$/.test(extra)
      ? `Did you mean epistle ${command.name} --config ${extra}?`
      : seeHelp(command),
  );
}

function seeHelp(command: Subcommand): string {
  return `epistle ${command.name} --help says how to call it`;
}

/** A failure as people, or with `--json` programs, read it. */
function report(error: unknown, terminal: Terminal, json: boolean): number {
  const code = error instanceof CliError ? error.code : FAILURE;
  const ours = error instanceof CliError || error instanceof MailError;
  const failure = ours ? undefined : systemFailure(error);
  const message = failure ??
    (error instanceof Error ? error.message : String(error));
  const hint = error instanceof CliError ? error.hint : undefined;
  if (json) {
    const details = error instanceof CliError ? error.details : undefined;
    const object = { error: message, hint, ...details };
    terminal.out(`${JSON.stringify(object)}\n`);
    return code;
  }
  terminal.err(`epistle: ${message.trimEnd()}\n`);
  if (hint !== undefined) terminal.err(`${hint}\n`);
  const expected = ours || failure !== undefined;
  if (!expected && error instanceof Error) terminal.err(`${error.stack}\n`);
  return code;
}

/** From the arguments of the process to the command that they name. */
import { parseArgs } from "node:util";
import { didYouMean } from "#src/config/nearest_word.ts";
import { MailError } from "#src/errors/errors.ts";
import { COMMANDS } from "./commands.ts";
import { CliError, FAILURE, OK, USAGE } from "./exit_code.ts";
import { formatHelp, formatOverview } from "./help.ts";
import { COMMON_OPTIONS, type Subcommand } from "./subcommand.ts";
import type { Terminal } from "./terminal.ts";

/** Words that the name of a command has at most. */
const MAX_WORDS = 3;

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
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const [first] = args;
  if (
    first === undefined || first === "help" || first === "--help" ||
    first === "-h"
  ) {
    (first === undefined ? terminal.err : terminal.out)(
      formatOverview(COMMANDS),
    );
    return first === undefined ? USAGE : OK;
  }
  if (first === "--version") return await dispatch(["version"], terminal);
  const command = findCommand(args);
  if (command === undefined) return unknownCommand(args, terminal);
  const words = command.name.split(" ").length;
  const { positionals, values } = parse(command, args.slice(words));
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
  const [first = "", second] = args;
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `));
  const wantsHelp = second === "--help" || second === "-h";
  if (group.length > 0 && (second === undefined || wantsHelp)) {
    (wantsHelp ? terminal.out : terminal.err)(formatOverview(group));
    return wantsHelp ? OK : USAGE;
  }
  const given = group.length > 0 ? `${first} ${second}` : first;
  const known = COMMANDS.map(({ name }) => name);
  const words = group.length > 0
    ? known
    : [...new Set(known.map((name) => name.split(" ")[0] ?? name))];
  throw new CliError(
    `There is no command "${given}"`,
    USAGE,
    didYouMean(given, words) ?? "epistle --help lists the commands",
  );
}

function parse(
  command: Subcommand,
  args: readonly string[],
): {
  positionals: string[];
  values: Record<string, string | boolean | undefined>;
} {
  const options: Record<
    string,
    { type: "string" | "boolean"; short?: string }
  > = {};
  for (
    const [name, { type, short }] of Object.entries({
      ...COMMON_OPTIONS,
      ...command.options,
    })
  ) options[name] = short === undefined ? { type } : { type, short };
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
    });
    return {
      positionals,
      values: values as Record<string, string | boolean | undefined>,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(reason, USAGE, seeHelp(command));
  }
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
  if (extra !== undefined && specs.at(-1)?.rest !== true) {
    throw new CliError(`Unexpected "${extra}"`, USAGE, seeHelp(command));
  }
}

function seeHelp(command: Subcommand): string {
  return `epistle ${command.name} --help says how to call it`;
}

/** A failure as people, or with `--json` programs, read it. */
function report(error: unknown, terminal: Terminal, json: boolean): number {
  const code = error instanceof CliError ? error.code : FAILURE;
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof CliError ? error.hint : undefined;
  if (json) {
    terminal.out(`${JSON.stringify({ error: message, hint })}\n`);
    return code;
  }
  terminal.err(`epistle: ${message.trimEnd()}\n`);
  if (hint !== undefined) terminal.err(`${hint}\n`);
  const expected = error instanceof CliError || error instanceof MailError;
  if (!expected && error instanceof Error) terminal.err(`${error.stack}\n`);
  return code;
}

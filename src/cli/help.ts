/** Help texts, made of the commands themselves. */
import {
  COMMON_OPTIONS,
  type OptionSpec,
  type Subcommand,
} from "./subcommand.ts";

/** All commands, or those of a group (`account`). */
export function formatOverview(
  commands: readonly Subcommand[],
  group = "",
): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    ...(group === ""
      ? ["usage: epistle COMMAND [ARGUMENTS]", "", "A complete mail server."]
      : [`usage: epistle ${group} COMMAND [ARGUMENTS]`]),
    "",
    ...commands.map(({ name, summary }) =>
      `  ${name.padEnd(width)}  ${summary}`
    ),
    "",
    "The configuration is --config FILE, else ./epistle.conf or ./epistle.yaml,",
    "else /etc/epistle/epistle.conf or /etc/epistle/epistle.yaml.",
    "epistle COMMAND --help says more.",
    "",
  ].join("\n");
}

/** One command. */
export function formatHelp(command: Subcommand): string {
  const { positionals = [], options = {} } = command;
  const all = { ...options, ...COMMON_OPTIONS };
  const words = positionals.map(({ name, optional, rest }) => {
    const word = rest === true ? `${name}...` : name;
    return optional === true ? `[${word}]` : word;
  });
  const rows: [string, string][] = [
    ...positionals.map(({ name, doc }): [string, string] => [name, doc]),
    ...Object.entries(all).map((
      [name, option],
    ): [string, string] => [formatOption(name, option), option.doc]),
  ];
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    ["usage: epistle", command.name, ...words, "[OPTIONS]"].join(" "),
    "",
    command.summary,
    ...(command.help === undefined ? [] : ["", command.help.trim()]),
    "",
    ...rows.map(([left, doc]) => `  ${left.padEnd(width)}  ${doc}`),
    "",
  ].join("\n");
}

function formatOption(name: string, { short, value }: OptionSpec): string {
  const long = value === undefined ? `--${name}` : `--${name} ${value}`;
  return short === undefined ? `    ${long}` : `-${short}, ${long}`;
}

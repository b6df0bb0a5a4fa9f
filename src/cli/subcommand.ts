/** How a command of the program is declared: plain data and one function. */
import type { Terminal } from "./terminal.ts";

/** One `--option`. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** One sentence. */
  readonly doc: string;
  /** What stands for the value in the help text. */
  readonly value?: string;
}

/** One argument without dashes. */
export interface PositionalSpec {
  readonly name: string;
  readonly doc: string;
  readonly optional?: boolean;
  /** Takes all that is left. */
  readonly rest?: boolean;
}

/** What a command gets. */
export interface CommandContext {
  /** Arguments without dashes, by position. */
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly terminal: Terminal;
  /** `--json` was given. */
  readonly json: boolean;
}

/** One command. */
export interface Subcommand {
  /** One word or two (`account add`). */
  readonly name: string;
  /** One sentence for the list of commands. */
  readonly summary: string;
  /** More for `--help`; lines of at most 78 characters. */
  readonly help?: string;
  readonly positionals?: readonly PositionalSpec[];
  /** Besides `--config`, `--json` and `--help`, which all have. */
  readonly options?: Readonly<Record<string, OptionSpec>>;
  /** Gives the exit code. Mistakes are thrown as `CliError`. */
  run(context: CommandContext): Promise<number> | number;
}

/** Declares a command. */
export function defineSubcommand(spec: Subcommand): Subcommand {
  return spec;
}

/** Options that every command has. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  config: {
    type: "string",
    short: "c",
    value: "FILE",
    doc: "The configuration file.",
  },
  json: { type: "boolean", doc: "Print the result as JSON." },
  help: { type: "boolean", short: "h", doc: "Print this help." },
};

/** The options of a command line, with messages that say what is wrong. */
import { parseArgs } from "node:util";
import { didYouMean } from "#src/config/nearest_word.ts";
import { CliError, USAGE } from "./exit_code.ts";
import type { OptionSpec } from "./subcommand.ts";

/** What stood on a command line. */
export interface ParsedOptions {
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

/**
 * Parses what stands behind the name of a command. The last of several equal
 * options counts. Mistakes are thrown as `CliError`; `hint` says where to look.
 */
export function parseOptions(
  specs: Readonly<Record<string, OptionSpec>>,
  args: readonly string[],
  hint: string,
): ParsedOptions {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { type, short }]) => [
      name,
      short === undefined ? { type } : { type, short },
    ]),
  );
  // Not strict: what is wrong is said below, in words of ours.
  const { tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const positionals: string[] = [];
  const values: Record<string, string | boolean> = {};
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (spec === undefined) {
      const known = Object.keys(specs).map((known) => `--${known}`);
      throw new CliError(
        `There is no option "${rawName}"`,
        USAGE,
        didYouMean(rawName, known) ?? hint,
      );
    }
    if (spec.type === "boolean") {
      if (value === undefined) values[name] = true;
      else throw new CliError(`"${rawName}" takes no value`, USAGE, hint);
      continue;
    }
    // Another option stands where the value should be; "-" is a value.
    const isOption = inlineValue !== true && /^-./.test(value ?? "");
    if (value === undefined || isOption) {
      const { value: what = "VALUE" } = spec;
      throw new CliError(
        `"${rawName}" needs a value: ${rawName} ${what}`,
        USAGE,
        hint,
      );
    }
    values[name] = value;
  }
  return { positionals, values };
}

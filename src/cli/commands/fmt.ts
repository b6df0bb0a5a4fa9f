/** `epistle fmt`. */
import { renderErrors } from "#src/config/render_errors.ts";
import { formatConfig } from "#src/config/format_config.ts";
import { systemReason } from "#src/errors/system_reason.ts";
import { CliError, FAILURE, OK, USAGE } from "../exit_code.ts";
import { findConfig } from "../load.ts";
import { type CommandContext, defineSubcommand } from "../subcommand.ts";

export const fmt = defineSubcommand({
  name: "fmt",
  summary: "Format a configuration file.",
  help: "Prints the formatted text; - reads standard input.",
  positionals: [{
    name: "FILE",
    doc: "The file; left out, the configuration.",
    optional: true,
  }],
  options: {
    write: { type: "boolean", short: "w", doc: "Write the file instead." },
    check: { type: "boolean", doc: "Only say whether it is formatted." },
  },
  async run(context) {
    const { positionals: [given], options, terminal } = context;
    const file = given ?? findConfig(context);
    const text = file === "-" ? await terminal.readAll() : readFile(file);
    const formatted = format(text, file);
    if (options.check === true) return check(context, file, text, formatted);
    if (options.write === true && file !== "-") {
      if (formatted !== text) Deno.writeTextFileSync(file, formatted);
      return OK;
    }
    terminal.out(
      context.json ? `${JSON.stringify({ text: formatted })}\n` : formatted,
    );
    return OK;
  },
});

function check(
  { terminal, json }: CommandContext,
  file: string,
  text: string,
  formatted: string,
): number {
  const same = text === formatted;
  if (json) terminal.out(`${JSON.stringify({ file, formatted: same })}\n`);
  else if (!same) {
    terminal.err(`${file} is not formatted; epistle fmt --write does it\n`);
  }
  return same ? OK : FAILURE;
}

function readFile(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    throw new CliError(
      `${file} cannot be read: ${systemReason(error)}`,
      USAGE,
    );
  }
}

function format(text: string, file: string): string {
  if (/\.ya?ml$/.test(file)) {
    throw new CliError("YAML is not formatted here", USAGE);
  }
  const formatted = formatConfig(text, file);
  if (formatted.ok) return formatted.text;
  const sources = new Map([[file, text]]);
  throw new CliError(renderErrors(formatted.errors, sources), USAGE);
}

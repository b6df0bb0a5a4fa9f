/** `epistle config expand`. */
import { printExpanded } from "#src/module/print_expanded.ts";
import { OK } from "../exit_code.ts";
import { load, registry } from "../load.ts";
import { defineSubcommand } from "../subcommand.ts";

export const configExpand = defineSubcommand({
  name: "config expand",
  summary: "Print the complete configuration with every default.",
  help: "The text is a configuration that does the same; secrets are left out.",
  async run(context) {
    const configuration = await load(context);
    const printed = printExpanded(configuration, registry());
    context.terminal.out(
      context.json ? `${JSON.stringify({ text: printed })}\n` : printed,
    );
    return OK;
  },
});

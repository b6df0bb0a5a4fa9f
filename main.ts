/** The program. */
import { runCli } from "#src/cli/run_cli.ts";
import { processTerminal } from "#src/cli/terminal.ts";

if (import.meta.main) {
  Deno.exit(await runCli(Deno.args, processTerminal()));
}

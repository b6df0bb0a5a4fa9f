/** `epistle version`. */
import { OK } from "../exit_code.ts";
import { defineSubcommand } from "../subcommand.ts";
import { VERSION } from "../version.ts";

export const version = defineSubcommand({
  name: "version",
  summary: "Print the version.",
  run({ terminal, json }) {
    const { deno, v8, typescript } = Deno.version;
    terminal.out(
      json
        ? `${JSON.stringify({ epistle: VERSION, deno, v8, typescript })}\n`
        : `epistle ${VERSION} (deno ${deno})\n`,
    );
    return OK;
  },
});

/** `epistle status`. */
import { callAdmin } from "../admin_client.ts";
import { OK } from "../exit_code.ts";
import { load } from "../load.ts";
import { defineSubcommand } from "../subcommand.ts";
import { formatRecords } from "../table.ts";

export const status = defineSubcommand({
  name: "status",
  summary: "Print which workers of a running server are up.",
  async run(context) {
    const workers = await callAdmin(await load(context), {
      instance: undefined,
      command: "status",
      args: {},
    }) as readonly Record<string, unknown>[];
    context.terminal.out(
      context.json
        ? `${JSON.stringify(workers)}\n`
        : formatRecords(["worker", "up"], workers),
    );
    return OK;
  },
});

/** `epistle queue`: mail that waits for other hosts. */
import { callAdmin } from "../admin_client.ts";
import { adminInstance } from "../admin_instance.ts";
import { OK } from "../exit_code.ts";
import { load } from "../load.ts";
import {
  type CommandContext,
  defineSubcommand,
  type OptionSpec,
} from "../subcommand.ts";
import { formatRecords } from "../table.ts";

const INSTANCE: Readonly<Record<string, OptionSpec>> = {
  instance: {
    type: "string",
    value: "NAME",
    doc: "The queue, where there are several.",
  },
};

const ID = { name: "ID", doc: "The message, as epistle queue list names it." };

export const queueList = defineSubcommand({
  name: "queue list",
  summary: "List the messages that wait.",
  options: INSTANCE,
  async run(context) {
    const rows = await call(context, "list", {}) as readonly Record<
      string,
      unknown
    >[];
    if (context.json) {
      context.terminal.out(`${JSON.stringify(rows)}\n`);
      return OK;
    }
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    context.terminal.out(
      rows.length === 0 ? "The queue is empty\n" : formatRecords(columns, rows),
    );
    return OK;
  },
});

export const queueShow = defineSubcommand({
  name: "queue show",
  summary: "Print everything that is known of a message.",
  positionals: [ID],
  options: INSTANCE,
  async run(context) {
    const [id = ""] = context.positionals;
    const result = await call(context, "show", { id });
    const indent = context.json ? undefined : 2;
    context.terminal.out(`${JSON.stringify(result, null, indent)}\n`);
    return OK;
  },
});

export const queueRetry = defineSubcommand({
  name: "queue retry",
  summary: "Try a message, or all, at once.",
  positionals: [{ ...ID, optional: true }],
  options: INSTANCE,
  run: (context) => change(context, "retry", "will be tried now"),
});

export const queueDrop = defineSubcommand({
  name: "queue drop",
  summary: "Remove a message without telling its sender.",
  positionals: [ID],
  options: INSTANCE,
  run: (context) => change(context, "drop", "is dropped"),
});

async function change(
  context: CommandContext,
  command: string,
  outcome: string,
): Promise<number> {
  const [id] = context.positionals;
  const result = await call(context, command, id === undefined ? {} : { id });
  context.terminal.out(
    context.json
      ? `${JSON.stringify(result ?? null)}\n`
      : `${id ?? "The whole queue"} ${outcome}\n`,
  );
  return OK;
}

function call(
  context: CommandContext,
  command: string,
  args: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const configuration = load(context);
  const instance = adminInstance(configuration, {
    what: "queue",
    module: "queue",
    named: context.options.instance,
  });
  return callAdmin(configuration, { instance, command, args });
}

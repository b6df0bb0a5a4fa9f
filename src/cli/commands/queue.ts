/** `epistle queue`: mail that waits for other hosts. */
import { didYouMean } from "#src/config/nearest_word.ts";
import { callInstance, instanceOption, printDone } from "../admin_command.ts";
import { CliError, OK, USAGE } from "../exit_code.ts";
import { load } from "../load.ts";
import { type CommandContext, defineSubcommand } from "../subcommand.ts";
import { formatRecords } from "../table.ts";

const INSTANCE = instanceOption("The queue");

const ID = { name: "ID", doc: "The message, as epistle queue list names it." };

/** What is shown of a message; more with `queue show` and `--json`. */
interface QueuedMessage {
  readonly id: string;
  readonly from: string;
  readonly size: number;
  readonly created: string;
  readonly recipients: readonly {
    readonly address: string;
    readonly state: string;
    readonly attempts: number;
    readonly next_attempt: string;
    readonly last_reply: string | null;
  }[];
}

/** In which a recipient can be while its message is in the queue. */
const STATES: readonly string[] = ["queued", "sending", "held"];

const COLUMNS = [
  "id",
  "from",
  "to",
  "size",
  "state",
  "tries",
  "next",
  "reply",
] as const;

export const queueList = defineSubcommand({
  name: "queue list",
  summary: "List the messages that wait.",
  options: {
    ...INSTANCE,
    domain: { type: "string", value: "NAME", doc: "Only mail to this domain." },
    state: {
      type: "string",
      value: "STATE",
      doc: "Only queued, sending or held ones.",
    },
  },
  async run(context) {
    const { domain, state } = context.options;
    if (typeof state === "string" && !STATES.includes(state)) {
      throw new CliError(
        `There is no state "${state}"`,
        USAGE,
        didYouMean(state, STATES) ?? `There are: ${STATES.join(", ")}`,
      );
    }
    const messages = await call(context, "list", {
      domain,
      state,
    }) as readonly QueuedMessage[];
    if (context.json) {
      context.terminal.out(`${JSON.stringify(messages)}\n`);
      return OK;
    }
    const rows = messages.flatMap((message) =>
      message.recipients.map((recipient) => ({
        id: message.id,
        from: `<${message.from}>`,
        to: recipient.address,
        size: message.size,
        state: recipient.state,
        tries: recipient.attempts,
        next: recipient.next_attempt.slice(0, 19),
        reply: recipient.last_reply,
      }))
    );
    context.terminal.out(
      rows.length === 0 ? "The queue is empty\n" : formatRecords(COLUMNS, rows),
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
  summary: "Try a message, or all, at once; held ones too.",
  positionals: [{ ...ID, optional: true }],
  options: { ...INSTANCE, all: { type: "boolean", doc: "All messages." } },
  run(context) {
    const [id] = context.positionals;
    const all = context.options.all === true;
    if ((id === undefined) !== all) {
      throw new CliError(
        "Give one message, or --all",
        USAGE,
        "epistle queue list names the messages",
      );
    }
    const args = all ? { all } : { id };
    return change(context, "retry", args, "will be tried now");
  },
});

export const queueDrop = defineSubcommand({
  name: "queue drop",
  summary: "Remove a message without telling its sender.",
  positionals: [ID],
  options: {
    ...INSTANCE,
    recipient: {
      type: "string",
      value: "ADDRESS",
      doc: "Only for this recipient.",
    },
  },
  run(context) {
    const [id] = context.positionals;
    const { recipient } = context.options;
    return change(context, "drop", { id, recipient }, "is dropped");
  },
});

async function change(
  context: CommandContext,
  command: string,
  args: Readonly<Record<string, unknown>>,
  outcome: string,
): Promise<number> {
  const result = await call(context, command, args);
  const subject = context.positionals[0] ?? "The whole queue";
  return printDone(context, result, `${subject} ${outcome}`);
}

async function call(
  context: CommandContext,
  command: string,
  args: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const configuration = await load(context);
  const target = { what: "queue", module: "queue" };
  const full = `queue.${command}`;
  return await callInstance(configuration, context, target, full, args);
}

/** `epistle search`: the index by which mail is searched. */
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { callInstance, instanceOption } from "../admin_command.ts";
import { OK } from "../exit_code.ts";
import { load } from "../load.ts";
import { type CommandContext, defineSubcommand } from "../subcommand.ts";

/** Between two questions how far it is. */
const STEP_MS = 1_000;

const INSTANCE = instanceOption("The instance that keeps the mail");

/** What `search.status` gives. */
interface Status {
  readonly contents: number;
  readonly indexed: number;
  readonly bytes: number;
  readonly filling: boolean;
}

export const searchStatus = defineSubcommand({
  name: "search status",
  summary: "Say how far the search index is.",
  options: INSTANCE,
  async run(context) {
    const status = await call(context, "status");
    if (context.json) context.terminal.out(`${JSON.stringify(status)}\n`);
    else context.terminal.out(`${inWords(status)}\n`);
    return OK;
  },
});

export const searchReindex = defineSubcommand({
  name: "search reindex",
  summary: "Make the search index anew; searches stay right meanwhile.",
  options: INSTANCE,
  async run(context) {
    const { terminal } = context;
    let status = await call(context, "reindex");
    while (status.filling && status.indexed < status.contents) {
      terminal.err(
        terminal.watched
          ? `\r${inWords(status)}\x1b[K`
          : `${inWords(status)}\n`,
      );
      await SYSTEM_CLOCK.sleep(STEP_MS);
      status = await call(context, "status");
    }
    if (terminal.watched) terminal.err("\r\x1b[K");
    if (context.json) terminal.out(`${JSON.stringify(status)}\n`);
    else if (status.filling) terminal.out(`${inWords(status)}\n`);
    else terminal.out("The index is made anew when the server runs\n");
    return OK;
  },
});

function inWords({ contents, indexed, bytes }: Status): string {
  const percent = contents === 0 ? 100 : Math.floor(indexed / contents * 100);
  return `${percent} % indexed, ${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

async function call(
  context: CommandContext,
  command: "status" | "reindex",
): Promise<Status> {
  const configuration = await load(context);
  const target = { what: "instance that keeps mail", role: "storage" } as const;
  const full = `search.${command}`;
  return await callInstance(configuration, context, target, full, {}) as Status;
}

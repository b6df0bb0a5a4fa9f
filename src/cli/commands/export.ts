/** `epistle export`: writes an account's mail into files. */
import { resolve } from "node:path";
import { OK } from "../exit_code.ts";
import { load } from "../load.ts";
import { type CommandContext, defineSubcommand } from "../subcommand.ts";
import type { MailTarget } from "../transfer/export_mail.ts";
import { ACCOUNT, INSTANCE_OPTION } from "./mail_options.ts";

const FOLDER = { name: "FOLDER", doc: "Where to write; made if needed." };

const RESUME = "Exported into the same folder again, only new mail is written.";

export const exportMbox = defineSubcommand({
  name: "export mbox",
  summary: "Write one mbox file for each mailbox.",
  help: RESUME,
  positionals: [ACCOUNT, FOLDER],
  options: INSTANCE_OPTION,
  async run(context) {
    const { mboxTarget } = await import("../transfer/mbox_target.ts");
    return await exportTo(context, mboxTarget);
  },
});

export const exportMaildir = defineSubcommand({
  name: "export maildir",
  summary: "Write a Maildir with a folder for each mailbox.",
  help: RESUME,
  positionals: [ACCOUNT, FOLDER],
  options: INSTANCE_OPTION,
  async run(context) {
    const { maildirTarget } = await import("../transfer/maildir_target.ts");
    return await exportTo(context, maildirTarget);
  },
});

async function exportTo(
  context: CommandContext,
  open: (folder: string) => MailTarget,
): Promise<number> {
  const configuration = await load(context);
  const { storageInstance, withMail } = await import("../open_mail.ts");
  const { exportMail } = await import("../transfer/export_mail.ts");
  const { Progress } = await import("../transfer/progress.ts");
  const [account = "", folder = ""] = context.positionals;
  const instance = storageInstance(configuration, context.options.instance);
  const progress = new Progress(context.terminal);
  const outcome = await withMail(
    configuration,
    { instance, account },
    (connection) => exportMail(connection, open(resolve(folder)), progress),
  );
  progress.end();
  const { folders, messages } = outcome;
  context.terminal.out(
    context.json
      ? `${JSON.stringify(outcome)}\n`
      : `${messages} messages of ${folders} mailboxes ` +
        `(${Math.round(progress.rate)}/s)\n`,
  );
  return OK;
}

/** `epistle dkim`: what to publish so that others can verify our mail. */
import { callInstance, instanceOption } from "../admin_command.ts";
import { OK } from "../exit_code.ts";
import { load } from "../load.ts";
import { defineSubcommand } from "../subcommand.ts";

/** One TXT record. */
interface DkimRecord {
  readonly name: string;
  readonly value: string;
}

/** Longest character string of a TXT record. RFC 1035 section 3.3. */
const MAX_STRING = 255;

export const dkim = defineSubcommand({
  name: "dkim",
  summary: "Print the DNS records of the DKIM keys.",
  help: "Keys are made at the first start, or by this command.",
  options: instanceOption("The instance of dkim"),
  async run(context) {
    const configuration = await load(context);
    const target = { what: "instance of dkim", module: "dkim" };
    const records = await callInstance(
      configuration,
      context,
      target,
      "records",
      {},
    ) as readonly DkimRecord[];
    context.terminal.out(
      context.json
        ? `${JSON.stringify(records)}\n`
        : records.map(formatRecord).join("\n"),
    );
    return OK;
  },
});

/** As a zone file has it. */
function formatRecord({ name, value }: DkimRecord): string {
  const strings: string[] = [];
  for (let at = 0; at < value.length; at += MAX_STRING) {
    strings.push(`"${value.slice(at, at + MAX_STRING)}"`);
  }
  return `${name}. IN TXT (\n  ${strings.join("\n  ")}\n)\n`;
}

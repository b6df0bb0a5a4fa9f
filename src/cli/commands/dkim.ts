/** `epistle dkim`: what to publish so that others can verify our mail. */
import { callAdmin } from "../admin_client.ts";
import { adminInstance } from "../admin_instance.ts";
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
  options: {
    instance: {
      type: "string",
      value: "NAME",
      doc: "The instance of dkim, where there are several.",
    },
  },
  async run(context) {
    const configuration = await load(context);
    const instance = adminInstance(configuration, {
      what: "instance of dkim",
      module: "dkim",
      named: context.options.instance,
    });
    const records = await callAdmin(configuration, {
      instance,
      command: "records",
      args: {},
    }) as readonly DkimRecord[];
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

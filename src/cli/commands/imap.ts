/** `epistle imap`: IMAP on standard input and output, for tunnels. */
import type { Connection } from "#src/net/connection.ts";
import { OK } from "../exit_code.ts";
import { load } from "../load.ts";
import { defineSubcommand } from "../subcommand.ts";
import { ACCOUNT, INSTANCE_OPTION } from "./mail_options.ts";

/** Whoever is silent for so long has gone. */
const IDLE_TIMEOUT_MS = 30 * 60_000;

export const imap = defineSubcommand({
  name: "imap",
  summary: "Speak IMAP on standard input and output, logged in as an account.",
  help: "For mail programs that can run a command instead of connecting, as\n" +
    'mbsync with Tunnel "ssh HOST epistle imap ACCOUNT". No password is\n' +
    "asked for: who may run this owns the server.",
  positionals: [ACCOUNT],
  options: INSTANCE_OPTION,
  async run(context) {
    const configuration = await load(context);
    const { storageInstance, withMail } = await import("../open_mail.ts");
    const [account = ""] = context.positionals;
    const instance = storageInstance(configuration, context.options.instance);
    await withMail(configuration, { instance, account }, tunnel);
    return OK;
  },
});

/** Both ways until either end is over. */
async function tunnel(
  connection: Connection,
  endInput: () => Promise<void>,
): Promise<void> {
  const reading = fromInput(connection, endInput);
  for (;;) {
    const bytes = await connection.read(IDLE_TIMEOUT_MS);
    if (bytes === undefined) break;
    await toOutput(bytes);
  }
  connection.destroy();
  // Standard input may never end; the process does.
  void reading;
}

async function fromInput(
  connection: Connection,
  endInput: () => Promise<void>,
): Promise<void> {
  try {
    for await (const bytes of Deno.stdin.readable) {
      await connection.write(bytes);
    }
    await endInput();
  } catch {
    // The server has ended the session; that shows where it is read.
  }
}

async function toOutput(bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await Deno.stdout.write(bytes.subarray(written));
  }
}

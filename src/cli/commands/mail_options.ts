/** Options of the commands that work on an account's mail. */
import { instanceOption } from "../admin_command.ts";
import type { PositionalSpec } from "../subcommand.ts";

export const INSTANCE_OPTION = instanceOption("The storage");

export const ACCOUNT: PositionalSpec = {
  name: "ACCOUNT",
  doc: "The account, as an address.",
};

/** Options of the commands that work on an account's mail. */
import type { OptionSpec, PositionalSpec } from "../subcommand.ts";

export const INSTANCE_OPTION: Readonly<Record<string, OptionSpec>> = {
  instance: {
    type: "string",
    value: "NAME",
    doc: "The storage, where there are several.",
  },
};

export const ACCOUNT: PositionalSpec = {
  name: "ACCOUNT",
  doc: "The account, as an address.",
};

/** NOOP and CHECK. RFC 9051 section 6.1.2, RFC 3501 section 6.4.1. */
import { ANY_STATE, defineCommand, SELECTED } from "#src/imap/command.ts";
import { noArguments } from "./no_arguments.ts";

export const noop = defineCommand({
  name: "NOOP",
  states: ANY_STATE,
  updates: "poll",
  parse: noArguments,
  run: () => Promise.resolve({ text: "Nothing done" }),
});

/** Everything acknowledged is on disk already. */
export const check = defineCommand({
  name: "CHECK",
  states: SELECTED,
  updates: "poll",
  parse: noArguments,
  run: () => Promise.resolve({ text: "Checked" }),
});

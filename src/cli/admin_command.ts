/** What commands about one instance share: its option, the call, the answer. */
import type { Configuration } from "#src/module/configuration.ts";
import { callAdmin } from "./admin_client.ts";
import { adminInstance, type AdminTarget } from "./admin_instance.ts";
import { OK } from "./exit_code.ts";
import type { CommandContext, OptionSpec } from "./subcommand.ts";

/** `--instance NAME`; `what` begins its sentence, as "The queue". */
export function instanceOption(
  what: string,
): Readonly<Record<string, OptionSpec>> {
  return {
    instance: {
      type: "string",
      value: "NAME",
      doc: `${what}, where there are several.`,
    },
  };
}

/** Calls a command of the instance that fits, or that `--instance` names. */
export async function callInstance(
  configuration: Configuration,
  context: CommandContext,
  target: Omit<AdminTarget, "named">,
  command: string,
  args: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const named = context.options.instance;
  const instance = adminInstance(configuration, { ...target, named });
  return await callAdmin(configuration, { instance, command, args });
}

/** Prints what was done: a sentence, or the result as JSON. */
export function printDone(
  { terminal, json }: CommandContext,
  result: unknown,
  text: string,
): number {
  terminal.out(json ? `${JSON.stringify(result ?? null)}\n` : `${text}\n`);
  return OK;
}

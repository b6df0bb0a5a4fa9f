/** Finds, reads and checks the configuration for a command. */
import { dirname, resolve } from "node:path";
import { renderErrors } from "#src/config/render_errors.ts";
import { DISK_SOURCE } from "#src/config/disk_source.ts";
import type { Configuration, Machine } from "#src/module/configuration.ts";
import { loadConfiguration } from "#src/module/load_configuration.ts";
import { Registry } from "#src/module/registry.ts";
import { MODULES } from "#src/modules.ts";
import { CliError, USAGE } from "./exit_code.ts";
import type { CommandContext } from "./subcommand.ts";

/** Where the configuration is looked for, in this order. */
export const CONFIG_PATHS = [
  "epistle.conf",
  "epistle.yaml",
  "/etc/epistle/epistle.conf",
  "/etc/epistle/epistle.yaml",
] as const;

/** The file that `--config` names or that is there. */
export function findConfig(context: CommandContext): string {
  const { config } = context.options;
  if (typeof config === "string") return resolve(config);
  for (const path of CONFIG_PATHS) {
    if (isFile(path)) return resolve(path);
  }
  throw new CliError(
    `There is no configuration: looked for ${CONFIG_PATHS.join(", ")}`,
    USAGE,
    'Write one ("hostname mail.example.org" is enough) or name it: --config FILE',
  );
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // Absent, or in a folder that we may not look into.
    return false;
  }
}

/** The list of compiled-in modules, checked. */
export function registry(): Registry {
  return Registry.from(MODULES);
}

/** Loads the configuration; mistakes in it end the command, all at once. */
export function load(context: CommandContext): Configuration {
  const file = findConfig(context);
  const loaded = loadConfiguration(
    DISK_SOURCE,
    file,
    registry(),
    machineOf(file),
  );
  if (loaded.ok) return loaded.configuration;
  const count = loaded.errors.length;
  throw new CliError(
    `${count} ${count === 1 ? "mistake" : "mistakes"} in the configuration\n` +
      renderErrors(loaded.errors, loaded.sources),
    USAGE,
  );
}

/** Facts that defaults are made of. */
function machineOf(file: string): Machine {
  return {
    hostname: hostname(),
    cores: navigator.hardwareConcurrency,
    folder: dirname(file),
  };
}

/** The name of the machine; `localhost` where we may not know it. */
function hostname(): string {
  try {
    return Deno.hostname();
  } catch {
    return "localhost";
  }
}

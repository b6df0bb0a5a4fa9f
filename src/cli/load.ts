/** Finds, reads and checks the configuration for a command. */
import { dirname, resolve } from "node:path";
import type { ConfigError } from "#src/config/errors.ts";
import { renderErrors, sortErrors } from "#src/config/render_errors.ts";
import { DISK_SOURCE } from "#src/config/disk_source.ts";
import { YamlNeeded } from "#src/config/source.ts";
import { systemReason } from "#src/errors/system_reason.ts";
import type { Configuration, Machine } from "#src/module/configuration.ts";
import {
  loadConfiguration,
  type Loaded,
} from "#src/module/load_configuration.ts";
import { Registry } from "#src/module/registry.ts";
import { MODULES } from "#src/modules.ts";
import { checkSocketPath } from "./control_protocol.ts";
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
  if (typeof config === "string") return namedConfig(config);
  for (const path of CONFIG_PATHS) {
    if (isFile(path)) return resolve(path);
  }
  throw new CliError(
    `There is no configuration: looked for ${CONFIG_PATHS.join(", ")}`,
    USAGE,
    'Write one ("hostname mail.example.org" is enough) or name it: --config FILE',
  );
}

/** What `--config` names; has to be a file. */
function namedConfig(config: string): string {
  let reason = "It is not a file";
  try {
    // Neither a folder nor absent; a pipe will do.
    if (!Deno.statSync(config).isDirectory) return resolve(config);
  } catch (error) {
    reason = systemReason(error);
  }
  throw new CliError(
    `The configuration ${config} cannot be read: ${reason}`,
    USAGE,
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
export async function load(context: CommandContext): Promise<Configuration> {
  const file = findConfig(context);
  const loaded = await loadFile(file);
  if (!loaded.ok) throw mistakes(loaded.errors, loaded.sources);
  checkSocketPath(loaded.configuration.globals.control_socket);
  return loaded.configuration;
}

/** All mistakes in one error: as people read them, and as data. */
function mistakes(
  errors: readonly ConfigError[],
  sources: ReadonlyMap<string, string>,
): CliError {
  const sorted = sortErrors(errors, [...sources.keys()]);
  const count = sorted.length;
  const error = `${count} ${
    count === 1 ? "mistake" : "mistakes"
  } in the configuration`;
  return new CliError(
    `${error}\n${renderErrors(sorted, sources)}`,
    USAGE,
    undefined,
    {
      error,
      mistakes: sorted.map(({ at, detail, hint }) => ({
        file: at.file,
        line: at.line,
        column: at.column,
        message: detail,
        hint,
      })),
    },
  );
}

/** The YAML parser is large: it is loaded when there is a YAML file. */
async function loadFile(file: string): Promise<Loaded> {
  const machine = machineOf(file);
  try {
    return loadConfiguration(DISK_SOURCE, file, registry(), machine);
  } catch (error) {
    if (!(error instanceof YamlNeeded)) throw error;
    const { parseYaml } = await import("#src/config/parse_yaml.ts");
    const source = { ...DISK_SOURCE, parseYaml };
    return loadConfiguration(source, file, registry(), machine);
  }
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

/** From a file to a configuration, with all mistakes at once. */
import { AbsenceError, type ConfigError } from "#src/config/errors.ts";
import { readTree } from "#src/config/read_tree.ts";
import { sortErrors } from "#src/config/render_errors.ts";
import type { ConfigSource } from "#src/config/source.ts";
import { assemble } from "./assemble.ts";
import type { Configuration, Machine } from "./configuration.ts";
import { expandBuiltin } from "./expand_builtin.ts";
import type { Registry } from "./registry.ts";

/** What came of a file. */
export type Loaded =
  & {
    /** The text of every file that was read, for `renderErrors`. */
    readonly sources: ReadonlyMap<string, string>;
  }
  & (
    | { readonly ok: true; readonly configuration: Configuration }
    | { readonly ok: false; readonly errors: readonly ConfigError[] }
  );

/**
 * Reads, expands and assembles `file`. Where the file cannot be read in full,
 * what could be read is assembled all the same, so that more mistakes show;
 * those that may come from the first ones are left out.
 */
export function loadConfiguration(
  source: ConfigSource,
  file: string,
  registry: Registry,
  machine: Machine,
): Loaded {
  const { nodes, errors, balanced, sources } = readTree(source, file);
  const tree = expandBuiltin(nodes, registry);
  const assembled = assemble(tree, registry, machine);
  if (errors.length === 0 && assembled.ok) return { ...assembled, sources };
  const lines = new Set(errors.map(({ at }) => `${at.line} ${at.file}`));
  const later = assembled.ok || !balanced ? [] : assembled.errors;
  const trusted = later.filter((error) =>
    errors.length === 0 ||
    !(error instanceof AbsenceError) &&
      !lines.has(`${error.at.line} ${error.at.file}`)
  );
  return {
    ok: false,
    errors: sortErrors([...errors, ...trusted], [...sources.keys()]),
    sources,
  };
}

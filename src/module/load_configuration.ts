/** From a file to a configuration, with all mistakes at once. */
import type { ConfigError } from "#src/config/errors.ts";
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
 * Reads, expands and assembles `file`. Where the file cannot be parsed, what
 * could be read is assembled all the same, so that more mistakes show; those
 * about missing or unused blocks are then left out, as they may be untrue.
 */
export function loadConfiguration(
  source: ConfigSource,
  file: string,
  registry: Registry,
  machine: Machine,
): Loaded {
  const { nodes, errors, sources } = readTree(source, file);
  const tree = expandBuiltin(nodes, registry);
  const assembled = assemble(tree, registry, machine);
  if (errors.length === 0 && assembled.ok) {
    return { ...assembled, sources };
  }
  const later = assembled.ok ? [] : assembled.errors;
  const trusted = errors.length === 0
    ? later
    : later.filter(({ detail }) => /^(?:Unknown|".*" is )/.test(detail));
  return {
    ok: false,
    errors: sortErrors([...errors, ...trusted], [...sources.keys()]),
    sources,
  };
}

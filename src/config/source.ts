/** Where files and environment variables come from while a file is read. */

import type { ParsedTree } from "./parse_tree.ts";

/** Passed in, so that tests need no disk. Synchronous: it is start-up. */
export interface ConfigSource {
  /** The text of a file; throws where it cannot be read. */
  readText(path: string): string;
  /** Files that fit a pattern with `*` and `?` in its last part, sorted. */
  glob(pattern: string): readonly string[];
  /** A variable of the environment. */
  env(name: string): string | undefined;
  /**
   * Parses the YAML form. Left out: a YAML file is answered with `YamlNeeded`,
   * so that programs load the parser only when there is one.
   */
  readonly parseYaml?: (text: string, file: string) => ParsedTree;
}

/** There is a YAML file, and the source has no parser for it. */
export class YamlNeeded extends Error {}

/** `*` and `?` match within one part of a path; all else is itself. */
export function globExpression(pattern: string): RegExp {
  const source = pattern.replace(
    /[*?]|[\\^$.|+()[\]{}/]/g,
    (char) => char === "*" ? "[^/]*" : char === "?" ? "[^/]" : `\\${char}`,
  );
  return new RegExp(`^${source}$`, "u");
}

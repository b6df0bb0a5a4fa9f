/** Directives of one word: what `values.ts` and its neighbours build on. */
import type { Directive, Scope } from "#src/config/directive.ts";
import { ConfigError } from "./errors.ts";
import type { Arg, ConfigNode } from "./node.ts";

/** What every directive can be told. */
export interface DirectiveOptions<T> {
  /** One sentence for the reference. */
  readonly doc: string;
  /** The value where the block does not have the line; none: required. */
  readonly default?: T;
}

/** How one word becomes a value and a value a word. */
export interface WordKind<T> {
  /** What stands for the word in the reference, as `DURATION`. */
  readonly syntax: string;
  /** Throws `ConfigError` at `arg.at` for a word that is none of these. */
  read(arg: Arg, scope: Scope): T;
  /** A word that reads as `value`. */
  write(value: T): string;
  /** The value of a line without a word, where that is allowed. */
  readonly bare?: T;
  /** Where words are printed they read `[secret]`. */
  readonly secret?: boolean;
}

/** A directive of one word. */
export interface ScalarDirective<T> extends Directive<T> {
  readonly kind: WordKind<T>;
}

/** Makes a directive of one word. */
export function scalar<T>(
  kind: WordKind<T>,
  options: DirectiveOptions<T>,
): ScalarDirective<T> {
  const fallback = options.default;
  return {
    kind,
    doc: options.doc,
    syntax: kind.bare === undefined ? kind.syntax : `[${kind.syntax}]`,
    defaultText: fallback === undefined ? undefined : kind.write(fallback),
    ...(fallback === undefined ? {} : { absent: () => fallback }),
    ...(kind.secret === true ? { secret: true } : {}),
    parse(nodes, scope): T {
      const node = onlyLine(nodes, scope);
      refuseBlock(node);
      const [arg, extra] = node.args;
      if (extra !== undefined) {
        throw new ConfigError(
          extra.at,
          `Unexpected "${extra.text}" after "${node.name}"`,
          `Write it as: ${node.name} ${this.syntax}`,
        );
      }
      if (arg !== undefined) return kind.read(arg, scope);
      if (kind.bare !== undefined) return kind.bare;
      throw new ConfigError(
        node.at,
        `"${node.name}" needs a value`,
        `Write it as: ${node.name} ${kind.syntax}`,
      );
    },
    format: (value, name) => [lineOf(name, [kind.write(value)])],
  };
}

/** The line of a directive that cannot be repeated. */
export function onlyLine(
  nodes: readonly ConfigNode[],
  scope: Scope,
): ConfigNode {
  const [node] = nodes;
  if (node === undefined) throw new ConfigError(scope.at, "Expected a line");
  return node;
}

/** Objects to braces behind a directive that takes none. */
export function refuseBlock(node: ConfigNode): void {
  if (node.block === undefined) return;
  throw new ConfigError(node.at, `"${node.name}" takes no block`);
}

/** A line as `format` gives it: without a place in any file. */
export function lineOf(
  name: string,
  words: readonly string[],
  block?: readonly ConfigNode[],
): ConfigNode {
  return {
    name,
    at: NOWHERE,
    args: words.map((text) => ({ text, at: NOWHERE, quoted: false })),
    block,
  };
}

/** Where lines stand that no file has. */
export const NOWHERE = { file: "(default)", line: 1, column: 1 } as const;

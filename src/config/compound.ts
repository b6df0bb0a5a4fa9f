/** Directives made of others: lists, maps, blocks, repeated lines. */
import type {
  ConfigOf,
  Directive,
  Schema,
  Scope,
} from "#src/config/directive.ts";
import { ConfigError } from "./errors.ts";
import type { ConfigNode } from "./node.ts";
import { parseBlock } from "./parse_block.ts";
import {
  type DirectiveOptions,
  lineOf,
  NOWHERE,
  onlyLine,
  refuseBlock,
  type ScalarDirective,
} from "./scalar.ts";

/** One or more words of one kind in a line; lines add up. */
export function list<T>(
  of: ScalarDirective<T>,
  options: DirectiveOptions<readonly T[]>,
): Directive<readonly T[]> {
  const { kind } = of;
  const fallback = options.default;
  return {
    doc: options.doc,
    syntax: `${kind.syntax}...`,
    repeatable: true,
    ...(kind.secret === true ? { secret: true } : {}),
    defaultText: fallback === undefined
      ? undefined
      : fallback.map((value) => kind.write(value)).join(" ") || "none",
    ...(fallback === undefined ? {} : { absent: () => fallback }),
    parse(nodes, scope): readonly T[] {
      return nodes.flatMap((node) => {
        refuseBlock(node);
        if (node.args.length > 0) {
          return node.args.map((arg) => kind.read(arg, scope));
        }
        throw new ConfigError(
          node.at,
          `"${node.name}" needs at least one value`,
          `Write it as: ${node.name} ${kind.syntax}...`,
        );
      });
    },
    format: (value, name) =>
      value.length === 0
        ? []
        : [lineOf(name, value.map((item) => kind.write(item)))],
  };
}

/** The same line as often as wanted, each parsed by itself. */
export function repeated<T>(of: Directive<T>): Directive<readonly T[]> {
  return {
    doc: of.doc,
    syntax: of.syntax,
    defaultText: "none",
    repeatable: true,
    absent: () => [],
    ...(of.secret === true ? { secret: true } : {}),
    ...(of.schema === undefined ? {} : { schema: of.schema }),
    parse: (nodes, scope) => nodes.map((node) => of.parse([node], scope)),
    format: (value, name) =>
      value.flatMap((item) => of.format?.(item, name) ?? []),
  };
}

/** A block of directives. Left out, it is parsed as if it were empty. */
export function block<const S extends Schema>(
  schema: S,
  options: { readonly doc: string },
): Directive<ConfigOf<S>> {
  const required = Object.values(schema).some((directive) =>
    directive.absent === undefined
  );
  const parse = (nodes: readonly ConfigNode[], scope: Scope): ConfigOf<S> =>
    parseBlock(schema, nodes, scope).config;
  return {
    doc: options.doc,
    syntax: "{ ... }",
    defaultText: required ? undefined : "see below",
    schema,
    ...(required ? {} : { absent: (scope: Scope) => parse([], scope) }),
    parse(nodes, scope): ConfigOf<S> {
      const node = onlyLine(nodes, scope);
      const [extra] = node.args;
      if (extra !== undefined) {
        throw new ConfigError(
          extra.at,
          `Unexpected "${extra.text}" after "${node.name}"`,
          `Write it as: ${node.name} { ... }`,
        );
      }
      return parse(node.block ?? [], { ...bound(scope), at: node.at });
    },
    format: (value, name) => [lineOf(name, [], formatBlock(schema, value))],
  };
}

/** Lines for every directive of `config`. */
export function formatBlock<S extends Schema>(
  schema: S,
  config: ConfigOf<S>,
): readonly ConfigNode[] {
  return Object.entries(schema).flatMap(([name, directive]) =>
    directive.format?.(config[name], name) ?? []
  );
}

/** A block whose words are free: each line is a key with one value. */
export function map<T>(
  of: ScalarDirective<T>,
  options: { readonly doc: string },
): Directive<ReadonlyMap<string, T>> {
  return {
    doc: options.doc,
    syntax: `{ KEY ${of.kind.syntax} ... }`,
    defaultText: "empty",
    absent: () => new Map(),
    ...(of.secret === true ? { secret: true } : {}),
    parse(nodes, scope): ReadonlyMap<string, T> {
      const node = onlyLine(nodes, scope);
      const [extra] = node.args;
      if (extra !== undefined) {
        throw new ConfigError(extra.at, `Unexpected "${extra.text}"`);
      }
      const result = new Map<string, T>();
      for (const line of node.block ?? []) {
        if (result.has(line.name)) {
          scope.report(
            new ConfigError(line.at, `"${line.name}" stands here twice`),
          );
          continue;
        }
        result.set(line.name, of.parse([line], scope));
      }
      return result;
    },
    format(value, name): readonly ConfigNode[] {
      if (value.size === 0) return [];
      const lines = [...value].map(([key, item]) =>
        lineOf(key, [of.kind.write(item)])
      );
      return [{ name, at: NOWHERE, args: [], block: lines }];
    },
  };
}

/** A scope whose methods can be spread into another. */
function bound(scope: Scope): Scope {
  return {
    at: scope.at,
    report: (error) => scope.report(error),
    reference: (...args) => scope.reference(...args),
    referenceWithOptions: (...args) => scope.referenceWithOptions(...args),
    resolvePath: (text) => scope.resolvePath(text),
    noteDomain: (...args) => scope.noteDomain(...args),
  };
}

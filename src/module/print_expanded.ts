/**
 * `epistle config expand`: the complete effective configuration, every default
 * spelled out, as text that assembles to the same configuration again. Secrets
 * read `[secret]`.
 */
import type { Directive, Schema } from "#src/config/directive.ts";
import type { Arg, ConfigNode } from "#src/config/node.ts";
import { lineOf } from "#src/config/scalar.ts";
import { SECRET_TEXT } from "#src/config/values.ts";
import { writeTree } from "#src/config/write_tree.ts";
import { parseListenAddress } from "#src/net/listener.ts";
import { isGlobalLine } from "./assemble.ts";
import type { Configuration, InstanceConfig } from "./configuration.ts";
import { GLOBAL_SCHEMA } from "./global_schema.ts";
import type { Globals } from "./globals.ts";
import type { Registry } from "./registry.ts";

/** What was printed. */
export function printExpanded(
  configuration: Configuration,
  registry: Registry,
): string {
  const { globals, instances, tree } = configuration;
  const globalLines = tree.filter((node) => isGlobalLine(node, registry));
  const parts = [writeTree(expandGlobals(globals, globalLines))];
  for (const instance of instances.values()) {
    parts.push(`# ${firstLine(instance.module.doc)}\n`);
    parts[parts.length - 1] += writeTree([expandInstance(instance, instances)]);
  }
  return parts.join("\n");
}

/** Globals are printed as they came out, since their defaults hang together. */
function expandGlobals(
  globals: Globals,
  lines: readonly ConfigNode[],
): readonly ConfigNode[] {
  const values: Readonly<Record<string, unknown>> = {
    ...globals,
    dns: globals.dns && parseListenAddress(globals.dns),
    // Naming the default would make it an instance that is there for nothing.
    tls: lines.some(({ name }) => name === "tls")
      ? { role: "certificates", instance: globals.tls }
      : undefined,
  };
  return printBlock(GLOBAL_SCHEMA, values, []);
}

function expandInstance(
  instance: InstanceConfig,
  modules: ReadonlyMap<string, InstanceConfig>,
): ConfigNode {
  const { module, config, node, name, aliases, addresses } = instance;
  const words = addresses.length > 0 ? addresses : [name, ...aliases];
  const block = printBlock(
    module.config,
    config,
    node.block ?? [],
    (lines) => lines.map((line) => expandOptions(line, instance, modules)),
  );
  return lineOf(module.name, words, block);
}

/** Every directive of a block: as it was written, else its default. */
function printBlock(
  schema: Schema,
  values: Readonly<Record<string, unknown>>,
  written: readonly ConfigNode[],
  claim: (lines: readonly ConfigNode[]) => readonly ConfigNode[] = (lines) =>
    lines,
): readonly ConfigNode[] {
  const claimed: ConfigNode[] = [];
  const lines = Object.entries(schema).flatMap(([name, directive]) => {
    const words = directive.claims ?? [name];
    const own = written.filter((node) => words.includes(node.name));
    if (directive.claims !== undefined) {
      claimed.push(...own);
      return [];
    }
    return printDirective(name, directive, values[name], own);
  });
  // Steps come last: they are what the rest prepares.
  return [...lines, ...claim(claimed)];
}

function printDirective(
  name: string,
  directive: Directive<unknown>,
  value: unknown,
  own: readonly ConfigNode[],
): readonly ConfigNode[] {
  const { schema } = directive;
  const isBlock = schema !== undefined && isRecord(value);
  if (directive.secret === true && (own.length > 0 || value !== undefined)) {
    return own.map(redact);
  }
  if (isBlock && directive.repeatable !== true) {
    const [node] = own;
    const block = printBlock(schema, value, node?.block ?? []);
    return [{ ...(node ?? lineOf(name, [])), block }];
  }
  if (own.length > 0) {
    if (schema === undefined) return own;
    return own.map((node, i) => {
      const item = Array.isArray(value) ? value[i] : undefined;
      if (!isRecord(item)) return node;
      return { ...node, block: printBlock(schema, item, node.block ?? []) };
    });
  }
  return directive.format?.(value, name) ?? [];
}

/** A step with every option of the instance that it refers to. */
function expandOptions(
  node: ConfigNode,
  instance: InstanceConfig,
  instances: ReadonlyMap<string, InstanceConfig>,
): ConfigNode {
  const block = node.block?.map((line) =>
    expandOptions(line, instance, instances)
  );
  const [name, ...words] = node.args;
  const reference = instance.references.find(({ at }) =>
    name !== undefined && at.file === name.at.file &&
    at.line === name.at.line && at.column === name.at.column
  );
  const schema: Schema | undefined = reference &&
    instances.get(reference.to)?.module.options;
  if (name === undefined || reference === undefined || schema === undefined) {
    return { ...node, block };
  }
  const written = new Map(
    words.map((word) => [word.text.split("=", 1)[0] ?? "", word] as const),
  );
  const options = Object.entries(schema).flatMap(([key, directive]): Arg[] => {
    const word = written.get(key);
    if (word !== undefined) {
      const secret = directive.secret === true;
      return [secret ? { ...word, text: `${key}=${SECRET_TEXT}` } : word];
    }
    const [line] = directive.format?.(reference.options[key], key) ?? [];
    const [value, extra] = line?.args ?? [];
    if (value === undefined || extra !== undefined) return [];
    return [{ ...value, text: `${key}=${value.text}` }];
  });
  return { ...node, args: [name, ...options], block };
}

function redact(node: ConfigNode): ConfigNode {
  return {
    ...node,
    args: node.args.map((arg) => ({ ...arg, text: SECRET_TEXT })),
    block: node.block?.map(redact),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

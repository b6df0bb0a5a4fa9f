/**
 * Fills in what a short file leaves out, from the texts in `builtin.ts`:
 * endpoints where there are none, steps where an endpoint has none. Pure.
 */
import type { ConfigNode } from "#src/config/node.ts";
import { parseTree } from "#src/config/parse_tree.ts";
import { isGlobalLine } from "./assemble.ts";
import {
  BUILTIN_DEFAULTS,
  BUILTIN_ENDPOINTS,
  BUILTIN_FILE,
  BUILTIN_STEPS,
} from "./builtin.ts";
import type { AnyModule } from "./define.ts";
import { hasRole } from "./instance_index.ts";
import type { Registry } from "./registry.ts";

/** The tree with everything in it that the built-in configuration adds. */
export function expandBuiltin(
  tree: readonly ConfigNode[],
  registry: Registry,
): readonly ConfigNode[] {
  const lifted = liftHostname(tree, registry);
  // Asked of what was written: the hostname is what makes a file minimal.
  const missing = missingEndpoints(tree, registry).flatMap((name) => {
    const text = BUILTIN_ENDPOINTS.get(name);
    const known = registry.get(name) !== undefined && text !== undefined;
    return known ? parseTree(text, BUILTIN_FILE).nodes : [];
  });
  return [...lifted, ...missing].map((node) =>
    withSteps(node, lifted, registry)
  );
}

/** A `hostname` inside an endpoint is the global one where there is none. */
function liftHostname(
  tree: readonly ConfigNode[],
  registry: Registry,
): readonly ConfigNode[] {
  if (tree.some(({ name }) => name === "hostname")) return tree;
  for (const node of tree) {
    if (registry.get(node.name)?.listens !== true) continue;
    const line = node.block?.find(({ name }) => name === "hostname");
    if (line !== undefined) {
      return [line, ...tree.map((each) => withoutHostname(each, registry))];
    }
  }
  return tree;
}

/** Takes the line out of endpoints that have no such directive themselves. */
function withoutHostname(node: ConfigNode, registry: Registry): ConfigNode {
  const module = registry.get(node.name);
  if (module?.listens !== true || "hostname" in module.config) return node;
  const block = node.block?.filter(({ name }) => name !== "hostname");
  return { ...node, block };
}

/**
 * Names of the endpoints to add: all where there is none; where a step-less
 * `smtp` with a hostname is all there is, the others.
 */
function missingEndpoints(
  tree: readonly ConfigNode[],
  registry: Registry,
): readonly string[] {
  const endpoints = tree.filter((node) =>
    registry.get(node.name)?.listens === true && !isGlobalLine(node, registry)
  );
  const all = [...BUILTIN_ENDPOINTS.keys()];
  const [only, another] = endpoints;
  if (only === undefined) return all;
  const module = registry.get(only.name);
  const minimal = another === undefined && only.name === "smtp" &&
    module !== undefined && !hasSteps(only, module) &&
    only.block?.some(({ name }) => name === "hostname") === true;
  return minimal ? all.filter((name) => name !== "smtp") : [];
}

/** Adds the built-in steps to an endpoint whose block has none. */
function withSteps(
  node: ConfigNode,
  tree: readonly ConfigNode[],
  registry: Registry,
): ConfigNode {
  const module = registry.get(node.name);
  const text = BUILTIN_STEPS.get(node.name);
  if (module === undefined || text === undefined) return node;
  if (module.listens !== true || hasSteps(node, module)) return node;
  if (stepWords(module).length === 0) return node;
  const filled = text.replace(
    /\{default:(\w+)\}/g,
    (_whole, role: string) => defaultName(role, tree, registry),
  );
  const { nodes } = parseTree(filled, BUILTIN_FILE);
  return { ...node, block: [...(node.block ?? []), ...nodes] };
}

/** The words that some directive of the module claims as its own lines. */
function stepWords(module: AnyModule): readonly string[] {
  const directives = Object.values(
    module.config as Record<string, { readonly claims?: readonly string[] }>,
  );
  return directives.flatMap(({ claims }) => claims ?? []);
}

function hasSteps(node: ConfigNode, module: AnyModule): boolean {
  const words = stepWords(module);
  return node.block?.some(({ name }) => words.includes(name)) === true;
}

/** As `InstanceIndex.findDefault`, of which it is the name alone. */
function defaultName(
  role: string,
  tree: readonly ConfigNode[],
  registry: Registry,
): string {
  const named = `default-${role}`;
  const builtin = BUILTIN_DEFAULTS.get(role) ?? role;
  let general: string | undefined;
  let own: string | undefined;
  for (const node of tree) {
    const module = registry.get(node.name);
    if (module === undefined || isGlobalLine(node, registry)) continue;
    const names = node.args.length === 0
      ? [node.name]
      : node.args.map(({ text }) => text);
    if (names.includes(named)) return named;
    if (names.includes("default") && hasRole(module, role)) general = "default";
    if (node.name === builtin) own ??= names[0];
  }
  return general ?? own ?? builtin;
}

/** Questions about who refers to whom: order, cycles, blocks nobody uses. */
import { AbsenceError, ConfigError } from "#src/config/errors.ts";
import {
  GLOBALS,
  type InstanceConfig,
  type Reference,
} from "./configuration.ts";

/** What came of walking the graph. */
export interface GraphOrder {
  /** Names, dependencies before those that refer to them. */
  readonly order: readonly string[];
  /** One for each reference that closes a cycle. */
  readonly cycles: readonly ConfigError[];
}

/** Orders the instances; a cycle is printed as `a -> b -> a`. */
export function orderInstances(
  instances: ReadonlyMap<string, InstanceConfig>,
): GraphOrder {
  const order: string[] = [];
  const cycles: ConfigError[] = [];
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (done.has(name)) return;
    for (const reference of instances.get(name)?.references ?? []) {
      const { to, at } = reference;
      const start = [...path, name].indexOf(to);
      if (start < 0) {
        visit(to, [...path, name]);
        continue;
      }
      const cycle = [...path, name].slice(start);
      const text = [...cycle, to].join(" -> ");
      cycles.push(new ConfigError(at, `References go in a circle: ${text}`));
    }
    if (done.has(name)) return;
    done.add(name);
    if (instances.has(name)) order.push(name);
  };
  for (const name of instances.keys()) visit(name, []);
  return { order, cycles };
}

/**
 * One mistake for each block that neither an endpoint nor a global needs. Not
 * for blocks with one of `doubtfulRoles`: some reference in that role failed
 * and was perhaps meant for them.
 */
export function unusedBlocks(
  instances: ReadonlyMap<string, InstanceConfig>,
  globalReferences: readonly Reference[],
  doubtfulRoles: ReadonlySet<string>,
): readonly ConfigError[] {
  const reached = new Set<string>();
  const reach = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const { to } of instances.get(name)?.references ?? []) reach(to);
  };
  for (const { to } of globalReferences) reach(to);
  for (const instance of instances.values()) {
    if (isRoot(instance)) reach(instance.name);
  }
  return [...instances.values()]
    .filter(({ name, origin, module }) => {
      const roles: readonly string[] = module.roles;
      return origin === "file" && !reached.has(name) &&
        !roles.some((role) => doubtfulRoles.has(role));
    })
    .map(({ name, at }) => {
      const users = [...instances.values()].flatMap((other) =>
        other.references.some((r) => r.to === name && r.from !== GLOBALS)
          ? [`"${other.name}"`]
          : []
      );
      const hint = users.length === 0
        ? "Refer to it from another block, or remove it"
        : `Only ${users.join(", ")} refers to it, which nobody uses`;
      return new AbsenceError(at, `Nobody uses "${name}"`, hint);
    });
}

/** Works without being referred to. */
function isRoot({ module }: InstanceConfig): boolean {
  const roles: readonly string[] = module.roles;
  return module.listens === true ||
    roles.every((role) => role === "endpoint" || role === "admin");
}

/**
 * Makes the instances that live in one worker.
 *
 * `host.use(ref)` resolves to the instance itself where it is one of `names`,
 * else to what `remote(ref)` gives (a stub to another worker). Instances are
 * created in dependency order; `create` is pure, nothing starts here.
 */
import type { Configuration, InstanceConfig } from "./configuration.ts";
import type { Instance } from "./define.ts";
import type { Host } from "./host.ts";
import type { Living } from "./lifecycle.ts";
import type { Ref } from "./ref.ts";
import type { RoleName, Roles } from "./roles/roles.ts";

/** `Host.use`. */
export type Use = <R extends RoleName>(ref: Ref<R>) => Roles[R];

/** What the worker supplies. */
export interface InstantiateOptions {
  readonly configuration: Configuration;
  /** The instances that live here. */
  readonly names: ReadonlySet<string>;
  /** Makes the host of one instance; `use` is to become `host.use`. */
  makeHost(instance: InstanceConfig, use: Use): Host;
  /** Stands for an instance that lives elsewhere. */
  readonly remote: Use;
}

/** The instances of one worker. */
export interface Instances {
  /** Dependencies first; what `LifecycleRunner` takes. */
  readonly living: readonly Living[];
  /** The implementation of a role; throws where it is not here. */
  readonly use: Use;
  has(name: string): boolean;
}

/** Makes the instances. Rejects with what a `create` throws. */
export async function instantiate(
  options: InstantiateOptions,
): Promise<Instances> {
  const { configuration, names } = options;
  const made = new Map<string, Partial<Roles>>();
  const living: Living[] = [];
  const local: Use = (ref) => {
    const found = made.get(ref.instance)?.[ref.role];
    if (found !== undefined) return found as Roles[typeof ref.role];
    throw new TypeError(`No instance "${ref.instance}" as ${ref.role} here`);
  };
  const use: Use = (ref) =>
    names.has(ref.instance) ? local(ref) : options.remote(ref);
  for (const [name, config] of configuration.instances) {
    if (!names.has(name)) continue;
    const host = options.makeHost(config, use);
    const instance = await config.module.create(config.config, host) as
      & Instance<RoleName>
      & Partial<Roles>;
    made.set(name, instance);
    living.push({ name, lifecycle: instance });
  }
  return { living, use: local, has: (name) => made.has(name) };
}

/** What a configuration file becomes: globals and instances, typed. */
import type { ConfigNode, Position } from "#src/config/node.ts";
import type { AnyModule } from "./define.ts";
import type { Globals } from "./globals.ts";
import type { RoleName } from "./roles/roles.ts";

/** Facts of the machine that defaults are made of. Plain data. */
export interface Machine {
  /** The host name of the system, for a file without `hostname`. */
  readonly hostname: string;
  /** Number of processor cores. */
  readonly cores: number;
  /** Absolute folder of the configuration file. */
  readonly folder: string;
}

/** One use of an instance by another. */
export interface Reference {
  /** Name of the instance that refers, or `GLOBALS`. */
  readonly from: string;
  /** Name of the instance that is referred to. */
  readonly to: string;
  readonly role: RoleName;
  /** Typed by the `options` of the target's module. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly at: Position;
}

/** What `Reference.from` says for global directives. */
export const GLOBALS = "(globals)";

/** One instance, ready to be created. */
export interface InstanceConfig {
  /** Unique; of an endpoint, its first listen address. */
  readonly name: string;
  /** Further names of the same instance, as the block gives them. */
  readonly aliases: readonly string[];
  readonly module: AnyModule;
  /** Typed by `module.config`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Listen addresses as `host:port`; empty where the module does not listen. */
  readonly addresses: readonly string[];
  /** In the order of the file; the same target can stand here often. */
  readonly references: readonly Reference[];
  readonly at: Position;
  /** The block as it was written; without lines for an implicit instance. */
  readonly node: ConfigNode;
  /**
   * `file`: it has a block. `implicit`: something referred to the name of a
   * module that needs no block.
   */
  readonly origin: "file" | "implicit";
}

/**
 * A complete configuration. Workers do not receive it (modules are code); they
 * receive `tree` and `machine`, which are plain data, and call `assemble` on
 * them again: the same input gives the same configuration everywhere.
 */
export interface Configuration {
  readonly globals: Globals;
  /** By name, dependencies before those that refer to them. */
  readonly instances: ReadonlyMap<string, InstanceConfig>;
  /** The tree that it was made of, complete. */
  readonly tree: readonly ConfigNode[];
  readonly machine: Machine;
}

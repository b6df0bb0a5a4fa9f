/** How a module is declared: plain data in one file, listed in `modules.ts`. */
import type { ConfigOf, Schema } from "#src/config/directive.ts";
import type { Globals } from "#src/module/globals.ts";
import type { Host } from "#src/module/host.ts";
import type { Permissions } from "#src/module/permissions.ts";
import type { RoleName, Roles } from "#src/module/roles/roles.ts";

/**
 * Where the instances of a module live.
 * - `user`: a copy in every worker that refers to it (filters, tables): the
 *   instance must not hold state that copies would have to share.
 * - `endpoint`, `storage`, `delivery`: one home; others reach it by a stub.
 *   An `endpoint` has a copy in each endpoint worker. A `storage` instance has
 *   further copies in the reader workers that serve only reading methods.
 * - `sandbox`: a worker of its own.
 */
export type Home = "user" | "endpoint" | "storage" | "delivery" | "sandbox";

/**
 * The life of an instance, in this order. `create` is pure: no files, no
 * sockets, no timers. Every method may be left out.
 */
export interface Lifecycle {
  /**
   * Begins to work; resolves when the instance can serve. Rejecting ends the
   * program with exit code 2. `signal` aborts a start that is given up.
   */
  start?(signal: AbortSignal): Promise<void>;
  /** Takes no new work and resolves when what runs is finished. */
  drain?(): Promise<void>;
  /**
   * Frees everything. Called in reverse order of start, also after a start
   * that failed half-way, and only once.
   */
  stop?(): Promise<void>;
}

/** What `create` gives: one implementation a role, and the lifecycle. */
export type Instance<R extends RoleName> =
  & { readonly [K in R]: Roles[K] }
  & Lifecycle;

/** What `permissions` and `prepare` may look at. */
export interface Setting {
  /** Name of the instance. */
  readonly instance: string;
  readonly globals: Globals;
}

/** Everything that the program knows of a module. */
export interface ModuleSpec<
  S extends Schema = Schema,
  R extends RoleName = RoleName,
  C extends Instance<R> | Promise<Instance<R>> =
    | Instance<R>
    | Promise<Instance<R>>,
> {
  /** The word in the configuration; also the name of the file. */
  readonly name: string;
  /** Of the module's configuration and behaviour; `major.minor.patch`. */
  readonly version: string;
  /** First line: one sentence. After it, more for the reference (Markdown). */
  readonly doc: string;
  readonly roles: readonly R[];
  readonly home: Home;
  /** The directives of its block. */
  readonly config: S;
  /** What may follow a reference as `key=value` (filters, deliveries). */
  readonly options?: Schema;
  /** The instance names are listen addresses (role `endpoint`). */
  readonly listens?: boolean;
  /** Pure: what instances need in the given kind of worker. */
  permissions(
    config: ConfigOf<S>,
    setting: Setting & { readonly worker: Host["worker"] },
  ): Permissions;
  /**
   * Runs once in the supervisor before any worker starts and at every reload:
   * makes folders and keys that workers then only read. Must be idempotent.
   */
  prepare?(config: ConfigOf<S>, host: Host): Promise<void>;
  /**
   * Every worker loads the file of every module, to read configurations. A
   * module with much code imports it here, so that only workers in which it
   * lives pay for it; `create` is then asynchronous, but as pure.
   */
  create(config: ConfigOf<S>, host: Host): C;
}

/** Declares a module; the compiler checks config, roles and defaults. */
export function defineModule<
  const S extends Schema,
  const R extends RoleName,
  const C extends Instance<R> | Promise<Instance<R>>,
>(spec: ModuleSpec<S, R, C>): ModuleSpec<S, R, Created<R, C>> {
  return spec as unknown as ModuleSpec<S, R, Created<R, C>>;
}

/** What `create` gives, no more of it than the roles say. */
type Created<R extends RoleName, C> = C extends Promise<unknown>
  ? Promise<Instance<R>>
  : Instance<R>;

/** A module of any shape, as lists of modules hold it. */
// deno-lint-ignore no-explicit-any -- a list holds modules of every shape
export type AnyModule = ModuleSpec<any, any, any>;

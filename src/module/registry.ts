/** Every module that is compiled in, by name. */
import type { AnyModule } from "./define.ts";

/** A list of modules that was checked. */
export class Registry {
  readonly #modules: ReadonlyMap<string, AnyModule>;

  private constructor(modules: ReadonlyMap<string, AnyModule>) {
    this.#modules = modules;
  }

  /**
   * Throws `TypeError` for a list that is wrong in the program itself: a name
   * that stands twice or is no word, a module or directive without docs.
   */
  static from(modules: readonly AnyModule[]): Registry {
    const byName = new Map<string, AnyModule>();
    for (const module of modules) {
      if (!/^[a-z][a-z0-9-]*$/.test(module.name)) {
        throw new TypeError(`Module name "${module.name}" is no plain word`);
      }
      if (byName.has(module.name)) {
        throw new TypeError(`Module "${module.name}" stands twice in the list`);
      }
      if (module.doc.trim() === "") {
        throw new TypeError(`Module "${module.name}" has no doc`);
      }
      for (const schema of [module.config, module.options ?? {}]) {
        for (const [key, directive] of Object.entries(schema)) {
          const { doc } = directive as { readonly doc: string };
          if (doc.trim() !== "") continue;
          throw new TypeError(`"${key}" of module "${module.name}" has no doc`);
        }
      }
      byName.set(module.name, module);
    }
    return new Registry(byName);
  }

  get(name: string): AnyModule | undefined {
    return this.#modules.get(name);
  }

  /** All names, in the order of the list. */
  names(): readonly string[] {
    return [...this.#modules.keys()];
  }

  /** All modules, in the order of the list. */
  all(): readonly AnyModule[] {
    return [...this.#modules.values()];
  }
}

/**
 * From a complete tree to a typed configuration. Pure: no files, no
 * environment, no clock. Every mistake is collected, none ends the work.
 *
 * How a pipeline step gets its typed options: the directive that holds the
 * steps calls `scope.referenceWithOptions(role, name, optionNodes(args))` and
 * keeps the `{ instance, options }` that it gets at once.
 */
import { resolve } from "node:path";
import type { Schema, Scope, TypedReference } from "#src/config/directive.ts";
import { ConfigError } from "#src/config/errors.ts";
import { didYouMean } from "#src/config/nearest_word.ts";
import type { Arg, ConfigNode, Position } from "#src/config/node.ts";
import { parseBlock, type ParsedBlock } from "#src/config/parse_block.ts";
import {
  type Configuration,
  GLOBALS,
  type InstanceConfig,
  type Machine,
  type Reference,
} from "./configuration.ts";
import {
  completeGlobals,
  GLOBAL_SCHEMA,
  type GlobalLines,
} from "./global_schema.ts";
import type { Globals } from "./globals.ts";
import { hasRole, type Header, InstanceIndex } from "./instance_index.ts";
import { orderInstances, unusedBlocks } from "./reference_graph.ts";
import type { Registry } from "./registry.ts";
import type { RoleName } from "./roles/roles.ts";

/** What came of a tree. */
export type Assembled =
  | { readonly ok: true; readonly configuration: Configuration }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/**
 * Types every block of the tree and connects the instances. The tree is what
 * `expandBuiltin` returns, or what a worker received.
 */
export function assemble(
  tree: readonly ConfigNode[],
  registry: Registry,
  machine: Machine,
): Assembled {
  return new Assembler(registry, machine).run(tree);
}

/** Whether the top-level line is a global directive; else it is a block. */
export function isGlobalLine(node: ConfigNode, registry: Registry): boolean {
  if (!Object.hasOwn(GLOBAL_SCHEMA, node.name)) return false;
  // A word that is both (`dns`): with braces it is the module.
  return node.block === undefined || registry.get(node.name) === undefined;
}

/** What a block may ask for while it is parsed. */
interface ScopeSettings {
  readonly from: string;
  readonly at: Position;
  readonly folder: string;
  readonly references: Reference[];
}

class Assembler {
  readonly #registry: Registry;
  readonly #machine: Machine;
  readonly #errors: ConfigError[] = [];
  readonly #index: InstanceIndex;
  readonly #waiting: Header[] = [];
  readonly #instances = new Map<string, InstanceConfig>();
  /** Roles of references that led nowhere. */
  readonly #failedRoles = new Set<string>();
  /** Domains by the deliveries that take their mail. */
  readonly #notedDomains: (readonly [string, readonly string[]])[] = [];
  #unknownBlock = false;
  #certificates: string | undefined;

  constructor(registry: Registry, machine: Machine) {
    this.#registry = registry;
    this.#machine = machine;
    this.#index = new InstanceIndex(
      registry,
      (error) => this.#errors.push(error),
      (header) => this.#waiting.push(header),
    );
  }

  run(tree: readonly ConfigNode[]): Assembled {
    const globalNodes = this.#readHeaders(tree);
    this.#waiting.push(...this.#index.headers);
    const globalReferences: Reference[] = [];
    const globals = this.#parseGlobals(globalNodes, globalReferences);
    for (;;) {
      const header = this.#waiting.shift();
      if (header === undefined) break;
      this.#parseInstance(header, globals);
    }
    const { order, cycles } = orderInstances(this.#instances);
    this.#errors.push(...cycles);
    // A block of an unknown module may have used any other.
    if (!this.#unknownBlock) {
      this.#errors.push(
        ...unusedBlocks(
          this.#instances,
          globalReferences,
          this.#failedRoles,
        ),
      );
    }
    if (this.#errors.length > 0) return { ok: false, errors: this.#errors };
    const instances = new Map<string, InstanceConfig>();
    for (const name of order) {
      const instance = this.#instances.get(name);
      if (instance !== undefined) instances.set(name, instance);
    }
    const machine = this.#machine;
    const domains = globalNodes.some(({ name }) => name === "domains")
      ? globals.domains
      : [...new Set([...globals.domains, ...this.#ownDomains()])];
    return {
      ok: true,
      configuration: {
        globals: { ...globals, domains },
        instances,
        tree,
        machine,
      },
    };
  }

  /** Domains whose mail goes into mailboxes and nowhere else. */
  #ownDomains(): readonly string[] {
    const keepsMailboxes = (name: string): boolean => {
      const module = this.#instances.get(name)?.module;
      return module !== undefined && hasRole(module, "storage");
    };
    return this.#notedDomains.flatMap(([domain, deliveries]) =>
      deliveries.every(keepsMailboxes) ? [domain] : []
    );
  }

  /** Indexes the blocks and returns the global lines. */
  #readHeaders(tree: readonly ConfigNode[]): readonly ConfigNode[] {
    const globals: ConfigNode[] = [];
    for (const node of tree) {
      const module = this.#registry.get(node.name);
      if (isGlobalLine(node, this.#registry)) {
        globals.push(node);
      } else if (module !== undefined) {
        this.#index.add(module, node);
      } else {
        this.#errors.push(this.#unknownTopLevel(node));
        if (node.block !== undefined) this.#unknownBlock = true;
      }
    }
    return globals;
  }

  #unknownTopLevel(node: ConfigNode): ConfigError {
    const what = node.block === undefined ? "directive" : "module";
    const known = [...Object.keys(GLOBAL_SCHEMA), ...this.#registry.names()];
    const users = this.#registry.all().filter((module) =>
      Object.hasOwn(module.config, node.name)
    );
    const hint = users.length > 0
      ? `It belongs into a block of ${users.map((m) => m.name).join(", ")}`
      : didYouMean(node.name, known);
    return new ConfigError(node.at, `Unknown ${what} "${node.name}"`, hint);
  }

  #parseGlobals(
    nodes: readonly ConfigNode[],
    references: Reference[],
  ): Globals {
    const file = nodes[0]?.at.file ?? "(built-in)";
    const { config, ok } = this.#parse(GLOBAL_SCHEMA, nodes, {
      from: GLOBALS,
      at: { file, line: 1, column: 1 },
      folder: this.#machine.folder,
      references,
    }) as ParsedBlock<typeof GLOBAL_SCHEMA>;
    // After a mistake, defaults stand in so that the blocks can be checked.
    const lines = ok ? config : { ...this.#defaultGlobals(), ...config };
    const tls = lines.tls?.instance;
    this.#certificates = tls;
    return completeGlobals(lines, this.#machine, tls ?? this.#defaultTls());
  }

  #defaultGlobals(): GlobalLines {
    const scope = this.#scope({
      from: GLOBALS,
      at: { file: "(built-in)", line: 1, column: 1 },
      folder: this.#machine.folder,
      references: [],
    });
    return parseBlock(GLOBAL_SCHEMA, [], scope).config;
  }

  /** The name alone: nothing is made and nothing counts as used by it. */
  #defaultTls(): string {
    const named =
      this.#index.headers.find(({ name, aliases }) =>
        [name, ...aliases].includes("default-certificates")
      ) ??
        this.#index.headers.find(({ name, module }) =>
          name === "default" && hasRole(module, "certificates")
        ) ?? this.#index.headers.find(({ module }) => module.name === "auto");
    return named?.name ?? "auto";
  }

  #parseInstance(header: Header, globals: Globals): void {
    const references: Reference[] = [];
    const { module, node } = header;
    const { config } = this.#parse(module.config, node.block ?? [], {
      from: header.name,
      at: header.at,
      folder: globals.state_dir,
      references,
    });
    this.#instances.set(header.name, { ...header, config, references });
  }

  #parse(
    schema: InstanceConfig["module"]["config"],
    nodes: readonly ConfigNode[],
    settings: ScopeSettings,
  ): ParsedBlock<InstanceConfig["module"]["config"]> {
    return parseBlock(schema, nodes, this.#scope(settings));
  }

  #scope(settings: ScopeSettings): Scope {
    const { at, folder } = settings;
    const refer: Scope["referenceWithOptions"] = (role, name, options) =>
      this.#refer(settings, role, name, options);
    return {
      at,
      report: (error) => {
        this.#errors.push(error);
      },
      reference: (role, name, options = []) =>
        refer(role, name, options).instance,
      referenceWithOptions: refer,
      resolvePath: (text) =>
        // `./x` says "beside the configuration file" in as many words.
        /^\.\.?\//.test(text)
          ? resolve(this.#machine.folder, text)
          : resolve(folder, text),
      noteDomain: (domain, deliveries) => {
        this.#notedDomains.push([domain, deliveries]);
      },
    };
  }

  #refer(
    settings: ScopeSettings,
    role: string,
    name: Arg | undefined,
    optionLines: readonly ConfigNode[],
  ): TypedReference {
    const at = name?.at ?? settings.at;
    const header = name === undefined
      ? this.#default(role, at)
      : this.#index.find(name.text) ?? this.#index.missing(name, role);
    if (header instanceof ConfigError) {
      this.#errors.push(header);
      this.#failedRoles.add(role);
      return { instance: name?.text ?? `default-${role}`, options: {} };
    }
    if (!hasRole(header.module, role)) {
      this.#errors.push(wrongRole(header, role, at));
      this.#failedRoles.add(role);
      // It is used, only wrongly: one mistake is enough.
      for (const own of header.module.roles) this.#failedRoles.add(own);
      return { instance: header.name, options: {} };
    }
    const options = this.#options(header, settings, optionLines, at);
    settings.references.push({
      from: settings.from,
      to: header.name,
      role: role as RoleName,
      options,
      at,
    });
    return { instance: header.name, options };
  }

  #default(role: string, at: Position): Header | ConfigError {
    const tls = role === "certificates" ? this.#certificates : undefined;
    const chosen = tls === undefined ? undefined : this.#index.find(tls);
    return chosen ?? this.#index.findDefault(role, at);
  }

  #options(
    header: Header,
    settings: ScopeSettings,
    lines: readonly ConfigNode[],
    at: Position,
  ): Readonly<Record<string, unknown>> {
    const { module } = header;
    const [first] = lines;
    if (module.options === undefined) {
      if (first !== undefined) {
        this.#errors.push(
          new ConfigError(
            first.at,
            `Unknown option "${first.name}": "${header.name}" takes none`,
          ),
        );
      }
      return {};
    }
    const scope = this.#scope({ ...settings, at });
    return parseBlock(module.options as Schema, lines, scope, "option").config;
  }
}

function wrongRole(header: Header, role: string, at: Position): ConfigError {
  const roles: readonly string[] = header.module.roles;
  return new ConfigError(
    at,
    `"${header.name}" cannot be used as ${role}`,
    `It is a ${header.module.name}, which has: ${roles.join(", ")}`,
  );
}

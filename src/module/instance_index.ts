/**
 * Which instances there are, by name, from the headers of the blocks alone: it
 * is complete before the first block is parsed, so that references can be
 * resolved while parsing.
 */
import { AbsenceError, ConfigError } from "#src/config/errors.ts";
import { didYouMean } from "#src/config/nearest_word.ts";
import type { Arg, ConfigNode, Position } from "#src/config/node.ts";
import { readListenAddress } from "#src/config/places.ts";
import { formatListenAddress } from "#src/net/listener.ts";
import { BUILTIN_DEFAULTS, BUILTIN_INSTANCES } from "./builtin.ts";
import type { InstanceConfig } from "./configuration.ts";
import type { AnyModule } from "./define.ts";
import type { Registry } from "./registry.ts";

/** An instance of which only the header was read. */
export type Header = Pick<
  InstanceConfig,
  "name" | "aliases" | "module" | "addresses" | "at" | "node" | "origin"
>;

/** Receives mistakes. */
export type Report = (error: ConfigError) => void;

/** All instances by name. */
export class InstanceIndex {
  readonly #registry: Registry;
  readonly #report: Report;
  readonly #headers: Header[] = [];
  readonly #byName = new Map<string, Header>();
  readonly #onImplicit: (header: Header) => void;

  /** `onImplicit` is told of every instance that comes up by reference. */
  constructor(
    registry: Registry,
    report: Report,
    onImplicit: (header: Header) => void,
  ) {
    this.#registry = registry;
    this.#report = report;
    this.#onImplicit = onImplicit;
  }

  /** The instances that have a block, in the order of the file. */
  get headers(): readonly Header[] {
    return this.#headers;
  }

  /** Reads the header of a block. */
  add(module: AnyModule, node: ConfigNode): void {
    const addresses = module.listens === true
      ? this.#addresses(module, node)
      : [];
    const words: readonly Arg[] = module.listens === true
      ? addresses.map((text, i) => ({ ...(node.args[i] ?? NO_ARG), text }))
      : node.args;
    const text = module.listens === true
      ? `${module.name}#${this.#headers.length}`
      : module.name;
    const first = words[0] ?? { text, at: node.at, quoted: false };
    const name = this.#uniqueName(first);
    if (name === undefined) return;
    const header: Header = {
      name,
      aliases: module.listens === true
        ? []
        : words.slice(1).map((word) => word.text),
      module,
      addresses,
      at: node.at,
      node,
      origin: "file",
    };
    this.#headers.push(header);
    this.#byName.set(name, header);
    for (const word of words.slice(1)) {
      const alias = this.#uniqueName(word);
      if (alias !== undefined) this.#byName.set(alias, header);
    }
  }

  #addresses(module: AnyModule, node: ConfigNode): readonly string[] {
    if (node.args.length === 0) {
      this.#report(
        new ConfigError(
          node.at,
          `"${module.name}" needs an address to listen on`,
          `Write it as: ${module.name} 0.0.0.0:PORT { ... }`,
        ),
      );
    }
    return node.args.flatMap((arg) => {
      try {
        return [formatListenAddress(readListenAddress(arg))];
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        this.#report(error);
        return [];
      }
    });
  }

  #uniqueName(word: Arg): string | undefined {
    const taken = this.#byName.get(word.text);
    if (taken === undefined) return word.text;
    // Port 0 asks for any free port: two of them are two addresses.
    if (/:0$/.test(word.text)) {
      for (let count = 2;; count++) {
        const name = `${word.text}#${count}`;
        if (!this.#byName.has(name)) return name;
      }
    }
    const { file, line } = taken.at;
    this.#report(
      new ConfigError(
        word.at,
        `There is an instance "${word.text}" already`,
        `The first one is at ${file}:${line}; give one of them another name`,
      ),
    );
    return undefined;
  }

  /** Finds the instance called `name`; makes it where no block is needed. */
  find(name: string): Header | undefined {
    return this.#byName.get(name) ?? this.#implicit(name);
  }

  #implicit(name: string): Header | undefined {
    const module = this.#registry.get(BUILTIN_INSTANCES.get(name) ?? name);
    if (module === undefined || module.listens === true) return undefined;
    if (requiredDirectives(module).length > 0) return undefined;
    const at: Position = { file: "(built-in)", line: 1, column: 1 };
    const args = name === module.name
      ? []
      : [{ text: name, at, quoted: false }];
    const header: Header = {
      name,
      aliases: [],
      module,
      addresses: [],
      at,
      node: { name: module.name, at, args, block: [] },
      origin: "implicit",
    };
    this.#byName.set(name, header);
    this.#onImplicit(header);
    return header;
  }

  /** Why there is no instance `name`, and what was probably meant. */
  missing(name: Arg, role: string): ConfigError {
    const module = this.#registry.get(name.text);
    if (module !== undefined) {
      const required = requiredDirectives(module).join(", ");
      const hint = module.listens === true
        ? "An endpoint cannot be referred to"
        : `Add a block "${name.text} { ... }" with ${required}`;
      const detail = `There is no instance "${name.text}"`;
      return new AbsenceError(name.at, detail, hint);
    }
    const known = this.#namesWith(role);
    if (/\s/.test(name.text)) {
      const words = name.text.split(/\s+/);
      return new AbsenceError(
        name.at,
        `There is no instance "${name.text}"`,
        `In YAML, several words are a list: [${words.join(", ")}]`,
      );
    }
    return new AbsenceError(
      name.at,
      `There is no instance "${name.text}"`,
      didYouMean(name.text, known) ??
        (known.length === 0
          ? `No module here has the role ${role}`
          : `With the role ${role} there are: ${known.join(", ")}`),
    );
  }

  /** Names that could stand where an instance of the role is asked for. */
  #namesWith(role: string): readonly string[] {
    const has = (module: AnyModule): boolean =>
      (module.roles as readonly string[]).includes(role);
    const names = new Set<string>();
    for (const [name, header] of this.#byName) {
      if (has(header.module)) names.add(name);
    }
    for (const module of this.#registry.all()) {
      const usable = requiredDirectives(module).length === 0;
      if (has(module) && usable && !module.listens) names.add(module.name);
    }
    for (const [name, moduleName] of BUILTIN_INSTANCES) {
      const module = this.#registry.get(moduleName);
      if (module !== undefined && has(module)) names.add(name);
    }
    return [...names];
  }

  /**
   * The default instance of a role: `default-ROLE`, `default` where it has the
   * role, the only block of the role's built-in module, that module without a
   * block. Mistakes are returned.
   */
  findDefault(role: string, at: Position): Header | ConfigError {
    const named = this.#byName.get(`default-${role}`);
    if (named !== undefined) return named;
    const general = this.#byName.get("default");
    if (general !== undefined && hasRole(general.module, role)) return general;
    const builtin = BUILTIN_DEFAULTS.get(role);
    const blocks = this.#headers.filter((header) =>
      header.module.name === builtin
    );
    const [only, another] = blocks;
    if (only !== undefined && another !== undefined) {
      const names = blocks.map((header) => `"${header.name}"`).join(", ");
      return new ConfigError(
        at,
        `There are several instances for the role ${role}: ${names}`,
        `Say which one, or call one of them default-${role}`,
      );
    }
    const found = only ??
      (builtin === undefined ? undefined : this.find(builtin));
    if (found !== undefined) return found;
    return new AbsenceError(
      at,
      `There is no default instance for the role ${role}`,
      `Name one, or add a block called default-${role}`,
    );
  }
}

const NO_ARG: Arg = {
  text: "",
  at: { file: "(built-in)", line: 1, column: 1 },
  quoted: false,
};

/** Whether instances of the module can be used in the role. */
export function hasRole(module: AnyModule, role: string): boolean {
  return (module.roles as readonly string[]).includes(role);
}

/** Names of the directives that a block of the module cannot do without. */
export function requiredDirectives(module: AnyModule): readonly string[] {
  return Object.entries(module.config as Record<string, { absent?: unknown }>)
    .filter(([, directive]) => directive.absent === undefined)
    .map(([name]) => name);
}

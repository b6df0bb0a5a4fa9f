/**
 * Reads a configuration file with all that it imports: the complete tree,
 * which is plain data and refers to nothing outside.
 *
 * - `import FILE|GLOB` puts the lines of other files in its place, relative to
 *   the file that says so; `import SNIPPET` those of a snippet.
 * - `(name) { ... }` at the top level defines a snippet, for the whole tree.
 * - `use SNIPPET` inside a block (a pipeline step) keeps its line and gets the
 *   lines of the snippet as its block: a sub-pipeline with a name.
 */
import { resolve } from "node:path";
import { systemReason } from "#src/errors/system_reason.ts";
import { besideFile } from "./beside_file.ts";
import { ConfigError } from "./errors.ts";
import { didYouMean } from "./nearest_word.ts";
import type { Arg, ConfigNode, Position } from "./node.ts";
import { type ParsedTree, parseTree } from "./parse_tree.ts";
import { expandPlaceholders } from "./placeholders.ts";
import { type ConfigSource, YamlNeeded } from "./source.ts";

/** Most lines that a tree may have; snippets in snippets can explode. */
const MAX_NODES = 100_000;

/** What was read. */
export interface ReadTree {
  readonly nodes: readonly ConfigNode[];
  readonly errors: readonly ConfigError[];
  /** Every block of every file was closed. */
  readonly balanced: boolean;
  /** The text of every file, in the order of reading, for `renderErrors`. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Reads `file` and what it imports. YAML where its name says so. */
export function readTree(source: ConfigSource, file: string): ReadTree {
  const reader = new TreeReader(source);
  const nodes = reader.readMain(file);
  const { errors, balanced, sources } = reader;
  return { nodes, errors, balanced, sources };
}

/** One import under way: what a cycle is made of. */
interface Visit {
  readonly key: string;
  readonly label: string;
}

/** A snippet and the lines that it stands for, before their expansion. */
interface Snippet {
  readonly node: ConfigNode;
  used: boolean;
}

class TreeReader {
  readonly errors: ConfigError[] = [];
  balanced = true;
  readonly sources = new Map<string, string>();
  readonly #source: ConfigSource;
  readonly #snippets = new Map<string, Snippet>();
  readonly #parsed = new Map<string, readonly ConfigNode[]>();
  #count = 0;

  constructor(source: ConfigSource) {
    this.#source = source;
  }

  readMain(file: string): readonly ConfigNode[] {
    const at: Position = { file, line: 1, column: 1 };
    let nodes;
    try {
      nodes = this.#parseFile(file, at);
    } catch (error) {
      this.#note(error);
      return [];
    }
    const visits = [{ key: resolve(file), label: file }];
    const expanded = this.#expand(nodes, visits, 0);
    for (const [name, { node, used }] of this.#snippets) {
      // A file of snippets that several import may hold more than one needs.
      if (used || node.at.file !== file) continue;
      this.errors.push(
        new ConfigError(
          node.at,
          `Nobody uses the snippet "${name}"`,
          `Write "import ${name}" where its lines belong, or remove it`,
        ),
      );
    }
    return expanded;
  }

  #note(error: unknown): void {
    if (!(error instanceof ConfigError)) throw error;
    this.errors.push(error);
  }

  /** The lines of one file without its snippets, which are noted. */
  #parseFile(file: string, at: Position): readonly ConfigNode[] {
    const key = resolve(file);
    const known = this.#parsed.get(key);
    if (known !== undefined) return known;
    let text;
    try {
      text = this.#source.readText(file);
    } catch (error) {
      throw new ConfigError(
        at,
        `Cannot read "${file}": ${systemReason(error)}`,
      );
    }
    this.sources.set(file, text);
    const { nodes, errors, balanced } = /\.ya?ml$/.test(file)
      ? this.#parseYaml(text, file)
      : parseTree(text, file);
    this.errors.push(...errors);
    if (!balanced) this.balanced = false;
    const lines: ConfigNode[] = [];
    for (const node of nodes) {
      if (node.name.startsWith("(")) this.#defineSnippet(node);
      else lines.push(node);
    }
    this.#parsed.set(key, lines);
    return lines;
  }

  #parseYaml(text: string, file: string): ParsedTree {
    const { parseYaml } = this.#source;
    if (parseYaml === undefined) throw new YamlNeeded(file);
    return parseYaml(text, file);
  }

  #defineSnippet(node: ConfigNode): void {
    const name = node.name.replace(/^\(|\)$/g, "");
    const taken = this.#snippets.get(name);
    if (!/^\([A-Za-z_][\w-]*\)$/.test(node.name)) {
      this.errors.push(
        new ConfigError(
          node.at,
          `"${node.name}" is no name for a snippet`,
          "Write it as: (name) { ... }",
        ),
      );
    } else if (node.block === undefined || node.args.length > 0) {
      this.errors.push(
        new ConfigError(
          node.at,
          "A snippet needs a block",
          `Write it as: (${name}) { ... }`,
        ),
      );
    } else if (taken !== undefined) {
      const { file, line } = taken.node.at;
      this.errors.push(
        new ConfigError(
          node.at,
          `There is a snippet "${name}" already`,
          `The first one is at ${file}:${line}`,
        ),
      );
    } else {
      this.#snippets.set(name, { node, used: false });
    }
  }

  #expand(
    nodes: readonly ConfigNode[],
    visits: readonly Visit[],
    depth: number,
  ): readonly ConfigNode[] {
    const result: ConfigNode[] = [];
    for (const node of nodes) {
      if (++this.#count > MAX_NODES) {
        if (this.#count === MAX_NODES + 1) {
          const detail = `More than ${MAX_NODES} lines after all imports`;
          this.errors.push(new ConfigError(node.at, detail));
        }
        break;
      }
      try {
        if (node.name === "import") {
          result.push(...this.#import(node, visits, depth));
        } else {
          result.push(this.#expandNode(node, visits, depth));
        }
      } catch (error) {
        this.#note(error);
      }
    }
    return result;
  }

  #expandNode(
    node: ConfigNode,
    visits: readonly Visit[],
    depth: number,
  ): ConfigNode {
    if (node.name.startsWith("(")) {
      this.errors.push(
        new ConfigError(
          node.at,
          "A snippet can only be defined at the top level",
        ),
      );
    }
    const name = this.#word(node.name, node.at);
    const args = node.args.map((arg) => ({
      ...arg,
      text: this.#word(arg.text, arg.at),
    }));
    const [first] = args;
    const block = name === "use" && depth > 0 && node.block === undefined &&
        first !== undefined
      ? this.#snippet(first, visits, depth)
      : node.block && this.#expand(node.block, visits, depth + 1);
    return { name, at: node.at, args, block };
  }

  /** A mistake in one word does not hide those in others. */
  #word(text: string, at: Position): string {
    try {
      return expandPlaceholders(text, at, this.#source);
    } catch (error) {
      this.#note(error);
      return text;
    }
  }

  #import(
    node: ConfigNode,
    visits: readonly Visit[],
    depth: number,
  ): readonly ConfigNode[] {
    const [arg, extra] = node.args;
    if (arg === undefined || extra !== undefined || node.block !== undefined) {
      throw new ConfigError(
        node.at,
        '"import" needs one file, pattern or snippet',
      );
    }
    if (this.#snippets.has(arg.text)) return this.#snippet(arg, visits, depth);
    const name = this.#word(arg.text, arg.at);
    const path = besideFile(node.at.file, name);
    if (/[*?]/.test(name)) {
      return this.#source.glob(path).flatMap((file) =>
        this.#importFile(file, file, arg.at, visits, depth)
      );
    }
    return this.#importFile(path, name, arg.at, visits, depth);
  }

  #importFile(
    file: string,
    word: string,
    at: Position,
    visits: readonly Visit[],
    depth: number,
  ): readonly ConfigNode[] {
    const visit = { key: resolve(file), label: file };
    this.#checkCycle(visit, visits, at);
    let nodes;
    try {
      nodes = this.#parseFile(file, at);
    } catch (error) {
      if (!(error instanceof ConfigError) || word.includes("/")) throw error;
      const near = didYouMean(word, this.#snippets.keys());
      throw new ConfigError(
        at,
        error.detail,
        near ?? "There is no snippet of this name either",
      );
    }
    return this.#expand(nodes, [...visits, visit], depth);
  }

  #snippet(
    arg: Arg,
    visits: readonly Visit[],
    depth: number,
  ): readonly ConfigNode[] {
    const snippet = this.#snippets.get(arg.text);
    if (snippet === undefined) {
      throw new ConfigError(
        arg.at,
        `There is no snippet "${arg.text}"`,
        didYouMean(arg.text, this.#snippets.keys()) ??
          `Define it at the top level: (${arg.text}) { ... }`,
      );
    }
    snippet.used = true;
    const visit = { key: `(${arg.text})`, label: arg.text };
    this.#checkCycle(visit, visits, arg.at);
    const lines = snippet.node.block ?? [];
    return this.#expand(lines, [...visits, visit], depth + 1);
  }

  #checkCycle(visit: Visit, visits: readonly Visit[], at: Position): void {
    const start = visits.findIndex(({ key }) => key === visit.key);
    if (start < 0) return;
    const labels = [...visits.slice(start), visit].map(({ label }) => label);
    throw new ConfigError(
      at,
      `Imports go in a circle: ${labels.join(" -> ")}`,
    );
  }
}

/**
 * The YAML form of the same tree, for people who generate configuration.
 *
 * - A key is split into words as a line would be: `smtp 0.0.0.0:25: {...}`.
 * - Its value is one more word (a scalar), more words (a list of scalars), or
 *   a block (a map, or a list with at least one map in it).
 * - In a block written as a list, a scalar is a whole line and a map is one
 *   line for each of its keys: order is kept and keys may repeat.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  Scalar,
} from "yaml";
import { ConfigError } from "./errors.ts";
import { lex, MAX_FILE_CHARS } from "./lex.ts";
import type { Arg, ConfigNode, Position } from "./node.ts";
import { MAX_DEPTH, type ParsedTree } from "./parse_tree.ts";

/** Parses one YAML text; `file` is what positions say. */
export function parseYaml(text: string, file: string): ParsedTree {
  const start: Position = { file, line: 1, column: 1 };
  if (text.length > MAX_FILE_CHARS) {
    const detail = `The file is longer than ${MAX_FILE_CHARS} characters`;
    return {
      nodes: [],
      errors: [new ConfigError(start, detail)],
      balanced: false,
    };
  }
  return new YamlReader(text, file).run();
}

class YamlReader {
  readonly #errors: ConfigError[] = [];
  readonly #lines = new LineCounter();
  readonly #text: string;
  readonly #file: string;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  run(): ParsedTree {
    const document = parseDocument(this.#text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      // Blocks may repeat a line only as a list; a doubled key is a slip.
      uniqueKeys: true,
      version: "1.2",
    });
    for (const error of [...document.errors, ...document.warnings]) {
      this.#fail(error.pos[0], sentence(error.message));
    }
    const { contents } = document;
    const balanced = this.#errors.length === 0;
    const nodes = !balanced || contents === null
      ? []
      : this.#block(contents, 0);
    return { nodes, errors: this.#errors, balanced };
  }

  #at(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return {
      file: this.#file,
      line: Math.max(line, 1),
      column: Math.max(col, 1),
    };
  }

  #fail(offset: number, detail: string, hint?: string): void {
    this.#errors.push(new ConfigError(this.#at(offset), detail, hint));
  }

  #block(node: Node, depth: number): readonly ConfigNode[] {
    if (depth > MAX_DEPTH) {
      this.#fail(offsetOf(node), `Blocks nested deeper than ${MAX_DEPTH}`);
      return [];
    }
    if (isMap(node)) {
      return node.items.flatMap((pair) => this.#pair(pair as Pair, depth));
    }
    if (isSeq(node)) {
      return node.items.flatMap((item) => this.#item(item as Node, depth));
    }
    this.#fail(offsetOf(node), "Expected a map or a list of lines");
    return [];
  }

  /** One item of a block that is written as a list. */
  #item(item: Node, depth: number): readonly ConfigNode[] {
    if (isMap(item)) return this.#block(item, depth);
    if (!isScalar(item)) {
      this.#fail(offsetOf(item), "Expected a line or a map");
      return [];
    }
    const [name, ...args] = this.#words(item);
    if (name === undefined) return [];
    return [{ name: name.text, at: name.at, args, block: undefined }];
  }

  #pair(pair: Pair, depth: number): readonly ConfigNode[] {
    const { key, value } = pair;
    if (!isScalar(key)) {
      this.#fail(offsetOf(key as Node), "A key must be a plain line of words");
      return [];
    }
    const [name, ...args] = this.#words(key);
    if (name === undefined) return [];
    const node = { name: name.text, at: name.at };
    if (value === null || isScalar(value)) {
      const word = value === null ? undefined : this.#word(value);
      const all = word === undefined ? args : [...args, word];
      return [{ ...node, args: all, block: undefined }];
    }
    if (isSeq(value) && value.items.every((item) => isScalar(item))) {
      const more = value.items.flatMap((item) => {
        const word = isScalar(item) ? this.#word(item) : undefined;
        return word === undefined ? [] : [word];
      });
      return [{ ...node, args: [...args, ...more], block: undefined }];
    }
    if (isAlias(value)) {
      this.#fail(offsetOf(value), "Aliases are not known here", HINT_SNIPPET);
      return [];
    }
    return [{ ...node, args, block: this.#block(value as Node, depth + 1) }];
  }

  /** A scalar that is split into words. */
  #words(node: Scalar): readonly Arg[] {
    const start = this.#at(offsetOf(node));
    const plain = node.type === Scalar.PLAIN;
    const text = this.#scalarText(node);
    const { tokens, errors } = lex(text, this.#file);
    const place = ({ column }: Position): Position => ({
      ...start,
      // Inside quotes an escape shifts columns; then the key itself is shown.
      column: plain ? start.column + column - 1 : start.column,
    });
    for (const error of errors) {
      const { at, detail, hint } = error;
      this.#errors.push(new ConfigError(place(at), detail, hint));
    }
    const words = tokens.filter(({ kind }) => kind === "word").map((token) => ({
      text: token.text,
      at: place(token.at),
      quoted: token.quoted,
    }));
    const other = tokens.find(({ kind }) => kind !== "word");
    if (other !== undefined || words.length === 0) {
      this.#fail(offsetOf(node), "Expected a line of words");
      return [];
    }
    return words;
  }

  /** A scalar that is one word, whatever is in it. */
  #word(node: Scalar): Arg | undefined {
    if (node.value === null) return undefined;
    return {
      text: this.#scalarText(node),
      at: this.#at(offsetOf(node)),
      // The style of a scalar must not matter: generators choose it.
      quoted: false,
    };
  }

  /** As it was written: `010`, `1e3` and `yes` are no numbers here. */
  #scalarText(node: Scalar): string {
    return node.type === Scalar.PLAIN && node.source !== undefined
      ? node.source
      : String(node.value);
  }
}

const HINT_SNIPPET = "Use a snippet: (name) at the top level and import: name";

function offsetOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

/** Messages of the parser, in the form of ours. */
function sentence(message: string): string {
  return message.replace(/\.?\s*$/, "");
}

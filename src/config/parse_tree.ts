/** From tokens to the tree of one file; nothing is expanded yet. */
import { ConfigError } from "./errors.ts";
import { lex } from "./lex.ts";
import type { Arg, ConfigNode, Position } from "./node.ts";
import type { Token } from "./token.ts";

/** Deepest nesting of blocks; more is a mistake or an attack. */
export const MAX_DEPTH = 100;

/** What a text says. Mistakes do not stop the parser. */
export interface ParsedTree {
  readonly nodes: readonly ConfigNode[];
  readonly errors: readonly ConfigError[];
  /** Every block was closed: lines belong where they seem to. */
  readonly balanced: boolean;
}

/** Parses one text; `file` is what positions say. */
export function parseTree(text: string, file: string): ParsedTree {
  const { tokens, errors } = lex(text, file);
  const parser = new TreeParser(tokens.filter((t) => t.kind !== "comment"));
  const nodes = parser.run();
  return {
    nodes,
    errors: [...errors, ...parser.errors],
    balanced: parser.balanced,
  };
}

/** A block whose end has not come yet. */
interface OpenBlock {
  readonly at: Position;
  readonly owner: string;
  readonly nodes: ConfigNode[];
}

class TreeParser {
  readonly errors: ConfigError[] = [];
  balanced = true;
  readonly #tokens: readonly Token[];
  readonly #root: ConfigNode[] = [];
  readonly #stack: OpenBlock[] = [];
  #line: Token[] = [];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  run(): readonly ConfigNode[] {
    for (const token of this.#tokens) {
      if (token.kind === "word") this.#line.push(token);
      else if (token.kind === "newline") this.#endLine();
      else if (token.kind === "open") this.#open(token);
      else this.#close(token);
    }
    this.#endLine();
    for (const block of this.#stack) {
      this.balanced = false;
      this.errors.push(
        new ConfigError(
          block.at,
          `Block of "${block.owner}" that is never closed`,
          'Write "}" behind its last line',
        ),
      );
    }
    return this.#root;
  }

  #target(): ConfigNode[] {
    return this.#stack.at(-1)?.nodes ?? this.#root;
  }

  #endLine(): void {
    const node = this.#takeLine(undefined);
    if (node !== undefined) this.#target().push(node);
  }

  #open(token: Token): void {
    const block: ConfigNode[] = [];
    const node = this.#takeLine(block);
    if (node === undefined) {
      this.errors.push(
        new ConfigError(
          token.at,
          'Nothing stands before "{"',
          'Put "{" at the end of the line that it belongs to',
        ),
      );
    } else {
      this.#target().push(node);
    }
    if (this.#stack.length === MAX_DEPTH) {
      this.errors.push(
        new ConfigError(token.at, `Blocks nested deeper than ${MAX_DEPTH}`),
      );
    }
    const owner = node?.name ?? "{";
    this.#stack.push({ at: token.at, owner, nodes: block });
  }

  #close(token: Token): void {
    this.#endLine();
    if (this.#stack.pop() !== undefined) return;
    this.balanced = false;
    this.errors.push(new ConfigError(token.at, '"}" without its "{"'));
  }

  #takeLine(block: readonly ConfigNode[] | undefined): ConfigNode | undefined {
    const [first, ...rest] = this.#line;
    this.#line = [];
    if (first === undefined) return undefined;
    if (first.text === "") {
      this.errors.push(
        new ConfigError(first.at, "A line cannot begin with an empty word"),
      );
    }
    const args = rest.map((token): Arg => ({
      text: token.text,
      at: token.at,
      quoted: token.quoted,
    }));
    return { name: first.text, at: first.at, args, block };
  }
}

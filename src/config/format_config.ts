/**
 * The formatter behind `epistle fmt`: indentation, single spaces, one blank
 * line at most. Comments, quotes, joined lines and heredocs stay. Formatting
 * twice gives the same text.
 */
import type { ConfigError } from "./errors.ts";
import { lex } from "./lex.ts";
import { parseTree } from "./parse_tree.ts";
import type { Token } from "./token.ts";
import { INDENT } from "./write_tree.ts";
import { writeWord } from "./write_word.ts";

/** The text, or what has to be mended first. */
export type Formatted =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** Formats one text of the configuration language (not YAML). */
export function formatConfig(text: string, file = "epistle.conf"): Formatted {
  const { errors } = parseTree(text, file);
  if (errors.length > 0) return { ok: false, errors };
  const writer = new Writer();
  for (const token of lex(text, file).tokens) writer.add(token);
  return { ok: true, text: writer.end() };
}

class Writer {
  readonly #out: string[] = [];
  #depth = 0;
  #line: string[] = [];
  /** Lines joined with `\` that are complete. */
  #joinedLines: string[] = [];
  #heredoc: Token | undefined;
  /** Line breaks since the last word. */
  #breaks = 0;
  /** Nothing stands in the block yet: no blank line belongs here. */
  #fresh = true;

  add(token: Token): void {
    switch (token.kind) {
      case "newline":
        this.#flush();
        this.#breaks++;
        break;
      case "open":
        this.#line.push("{");
        this.#flush();
        this.#depth++;
        this.#fresh = true;
        break;
      case "close":
        this.#flush();
        this.#depth = Math.max(0, this.#depth - 1);
        this.#fresh = true;
        this.#line.push("}");
        this.#flush();
        break;
      case "comment":
        // Behind "{" or "}": it belongs to that line.
        if (this.#line.length > 0 || this.#breaks > 0 || !this.#out.length) {
          this.#line.push(token.text);
        } else {
          this.#out.push(`${this.#out.pop()?.trimEnd()} ${token.text}\n`);
        }
        break;
      default:
        this.#word(token);
    }
  }

  end(): string {
    this.#flush();
    return this.#out.join("");
  }

  #word(token: Token): void {
    if (token.joined && this.#line.length > 0) {
      this.#joinedLines.push(this.#line.join(" "));
      this.#line = [];
    }
    // At the end of a line a last backslash would join the next one to it.
    const raw = !token.quoted && token.raw.endsWith("\\")
      ? writeWord(token.text)
      : token.raw;
    this.#line.push(raw);
    if (token.heredoc) this.#heredoc = token;
  }

  #flush(): void {
    if (this.#line.length === 0) return;
    const indent = INDENT.repeat(this.#depth);
    if (this.#breaks > 1 && !this.#fresh) this.#out.push("\n");
    this.#fresh = false;
    const lines = [...this.#joinedLines, this.#line.join(" ")];
    const deeper = `${indent}${INDENT}${INDENT}`;
    this.#out.push(
      lines.map((line, i) => `${i === 0 ? indent : deeper}${line}`)
        .join(" \\\n") + "\n",
    );
    if (this.#heredoc !== undefined) this.#writeHeredoc(this.#heredoc, indent);
    this.#heredoc = undefined;
    this.#line = [];
    this.#joinedLines = [];
    this.#breaks = 0;
  }

  #writeHeredoc(token: Token, indent: string): void {
    const lines = token.text === "" ? [] : token.text.split("\n");
    for (const line of lines) {
      this.#out.push(line === "" ? "\n" : `${indent}${line}\n`);
    }
    this.#out.push(`${indent}${token.raw.slice(2)}\n`);
  }
}

/**
 * The lexer of the configuration language: words, quotes, braces, comments,
 * joined lines, heredocs. Placeholders (`{env:NAME}`) pass through as text;
 * they are expanded later, inside one token, so that a value can never add
 * tokens.
 */
import { ConfigError } from "./errors.ts";
import type { Position } from "./node.ts";
import type { Token } from "./token.ts";

/** Longest file that is read; more is a mistake, not a configuration. */
export const MAX_FILE_CHARS = 4 * 1024 * 1024;

/** What a text consists of. Mistakes do not stop the lexer. */
export interface Lexed {
  readonly tokens: readonly Token[];
  readonly errors: readonly ConfigError[];
}

/** Cuts a text into tokens; `file` is what positions say. */
export function lex(text: string, file: string): Lexed {
  if (text.length > MAX_FILE_CHARS) {
    const at = { file, line: 1, column: 1 };
    const detail = `The file is longer than ${MAX_FILE_CHARS} characters`;
    return { tokens: [], errors: [new ConfigError(at, detail)] };
  }
  return new Lexer(text, file).run();
}

const SPACES = new Set([" ", "\t", "\r", "\uFEFF"]);

class Lexer {
  readonly #text: string;
  readonly #file: string;
  readonly #tokens: Token[] = [];
  readonly #errors: ConfigError[] = [];
  #offset = 0;
  #line = 1;
  #lineStart = 0;
  #joined = false;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  run(): Lexed {
    while (this.#offset < this.#text.length) this.#next();
    return { tokens: this.#tokens, errors: this.#errors };
  }

  #next(): void {
    const char = this.#text[this.#offset];
    if (char === "\n") {
      this.#push("newline", this.#here(), "\n", "\n");
      this.#newline();
    } else if (char !== undefined && SPACES.has(char)) {
      this.#offset++;
    } else if (char === "\\" && this.#joinLength() > 0) {
      this.#offset += this.#joinLength() - 1;
      this.#newline();
      this.#joined = true;
    } else if (char === "#") {
      this.#comment();
    } else if (char === '"') {
      this.#quotedWord();
    } else {
      this.#word();
    }
  }

  /**
   * Length of `\` and the line break behind it; 0 where there is none. Spaces
   * between them cannot be seen, so they do not count; the end of the file is
   * a line break.
   */
  #joinLength(): number {
    let end = this.#offset + 1;
    while (SPACES.has(this.#text[end] ?? "")) end++;
    if (end < this.#text.length && this.#text[end] !== "\n") return 0;
    return end + 1 - this.#offset;
  }

  #newline(): void {
    this.#offset++;
    this.#line++;
    this.#lineStart = this.#offset;
  }

  #here(): Position {
    const column = this.#offset - this.#lineStart + 1;
    return { file: this.#file, line: this.#line, column };
  }

  #push(
    kind: Token["kind"],
    at: Position,
    text: string,
    raw: string,
    more?: { readonly quoted?: boolean; readonly heredoc?: boolean },
  ): void {
    this.#tokens.push({
      kind,
      at,
      text,
      raw,
      quoted: more?.quoted ?? false,
      joined: this.#joined && kind !== "newline",
      heredoc: more?.heredoc ?? false,
    });
    this.#joined = false;
  }

  #fail(at: Position, detail: string, hint?: string): void {
    this.#errors.push(new ConfigError(at, detail, hint));
  }

  #lineEnd(): number {
    const end = this.#text.indexOf("\n", this.#offset);
    return end < 0 ? this.#text.length : end;
  }

  #comment(): void {
    const at = this.#here();
    const raw = this.#text.slice(this.#offset, this.#lineEnd()).trimEnd();
    this.#offset = this.#lineEnd();
    this.#push("comment", at, raw, raw);
  }

  #quotedWord(): void {
    const at = this.#here();
    const start = this.#offset;
    const text = this.#quote();
    if (text === undefined) return;
    const raw = this.#text.slice(start, this.#offset);
    const next = this.#text[this.#offset];
    if (next !== undefined && next !== "\n" && !SPACES.has(next)) {
      this.#fail(this.#here(), "Put a space after the closing quote");
    }
    this.#push("word", at, text, raw, { quoted: true });
  }

  /** The content of a quote that begins here; `undefined` after a mistake. */
  #quote(): string | undefined {
    const at = this.#here();
    const end = this.#lineEnd();
    let text = "";
    this.#offset++;
    while (this.#offset < end) {
      const char = this.#text[this.#offset];
      if (char === '"') {
        this.#offset++;
        return text;
      }
      if (char === "\\") {
        const escaped = this.#text[this.#offset + 1];
        if (escaped === '"' || escaped === "\\") text += escaped;
        else if (escaped === "n") text += "\n";
        else {
          this.#fail(
            this.#here(),
            'Only \\" \\\\ and \\n may follow a backslash in quotes',
            "Write \\\\ for a backslash",
          );
        }
        this.#offset += 2;
        continue;
      }
      text += char;
      this.#offset++;
    }
    this.#offset = end;
    this.#fail(
      at,
      "Quote that is never closed",
      "A quote ends on its line; write \\n or <<END for more lines",
    );
    return undefined;
  }

  #word(): void {
    const at = this.#here();
    const start = this.#offset;
    let text = "";
    while (this.#offset < this.#text.length) {
      const char = this.#text[this.#offset] ?? "";
      if (char === "\n" || SPACES.has(char)) break;
      if (char === "\\" && this.#joinLength() > 0) break;
      if (char === '"' && text.endsWith("=")) {
        const quote = this.#quote();
        if (quote === undefined) return;
        text += quote;
        continue;
      }
      text += char;
      this.#offset++;
    }
    const raw = this.#text.slice(start, this.#offset);
    if (text === "{" || text === "}") {
      this.#push(text === "{" ? "open" : "close", at, text, raw);
    } else if (/^<<[A-Za-z_]\w*$/.test(text)) {
      this.#heredoc(at, text);
    } else {
      this.#pushWord(at, text, raw);
    }
  }

  /** Takes braces that were meant to stand alone as if they did. */
  #pushWord(at: Position, text: string, raw: string): void {
    const after = (count: number): Position => ({
      ...at,
      column: at.column + count,
    });
    const last = raw.length - 1;
    if (raw.endsWith("{")) {
      this.#fail(after(last), 'Put a space before "{"');
      this.#push("word", at, text.slice(0, -1), raw.slice(0, -1));
      this.#push("open", after(last), "{", "{");
    } else if (raw.endsWith("}") && !raw.includes("{")) {
      this.#fail(after(last), 'Put a space before "}"');
      this.#push("word", at, text.slice(0, -1), raw.slice(0, -1));
      this.#push("close", after(last), "}", "}");
    } else if (raw.startsWith("}")) {
      this.#fail(after(1), 'Put a line break after "}"');
      this.#push("close", at, "}", "}");
      this.#push("word", after(1), text.slice(1), raw.slice(1));
    } else {
      if (raw.startsWith("{") && !raw.includes("}")) {
        const hint = /^\{(?:env|file):/.test(raw)
          ? 'The placeholder is never closed: write "}" behind its name'
          : undefined;
        this.#fail(after(1), 'Put a space after "{"', hint);
      }
      this.#push("word", at, text, raw);
    }
  }

  #heredoc(at: Position, opening: string): void {
    const marker = opening.slice(2);
    const rest = this.#text.slice(this.#offset, this.#lineEnd());
    if (rest.trim() !== "") {
      this.#fail(this.#here(), `Nothing may follow ${opening} on its line`);
    }
    this.#offset = this.#lineEnd();
    const lines: { readonly text: string; readonly line: number }[] = [];
    while (this.#offset < this.#text.length) {
      this.#newline();
      const line = this.#text.slice(this.#offset, this.#lineEnd())
        .replace(/\r$/, "");
      if (line.trim() === marker) {
        const indent = line.slice(0, line.length - line.trimStart().length);
        this.#offset = this.#lineEnd();
        const text = this.#dedent(lines, indent);
        this.#push("word", at, text, opening, { quoted: true, heredoc: true });
        return;
      }
      lines.push({ text: line, line: this.#line });
      this.#offset = this.#lineEnd();
    }
    this.#fail(
      at,
      `${opening} that is never closed`,
      `Write ${marker} alone on the line after the text`,
    );
  }

  /** Takes the indentation of the closing marker from every line. */
  #dedent(
    lines: readonly { readonly text: string; readonly line: number }[],
    indent: string,
  ): string {
    return lines.map(({ text, line }) => {
      if (text.startsWith(indent)) return text.slice(indent.length);
      if (text.trim() === "") return "";
      this.#fail(
        { file: this.#file, line, column: 1 },
        "Line of a heredoc that is less indented than its end",
      );
      return text;
    }).join("\n");
  }
}

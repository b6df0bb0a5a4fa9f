/** Values of IMAP responses (RFC 9051 section 4), read from Latin-1 text. */

/** A string or atom, NIL, a list. */
export type ImapValue = string | null | ImapValue[];

/** The value that begins at `at`. */
export function readImapValue(text: string, at: number): ImapValue {
  return new ValueReader(text, at).value();
}

class ValueReader {
  readonly #text: string;
  #at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  value(): ImapValue {
    const char = this.#text[this.#at];
    if (char === "(") return this.#list();
    if (char === '"') return this.#quoted();
    if (char === "{" || char === "~") return this.#literal();
    const [atom = ""] = /^[^ ()\r\n]+/.exec(this.#text.slice(this.#at)) ?? [];
    if (atom === "") throw new Error(`No value at ${this.#at}`);
    this.#at += atom.length;
    return atom === "NIL" ? null : atom;
  }

  #list(): ImapValue[] {
    const values: ImapValue[] = [];
    this.#at++;
    while (this.#text[this.#at] !== ")") {
      if (this.#text[this.#at] === " ") this.#at++;
      else values.push(this.value());
    }
    this.#at++;
    return values;
  }

  #quoted(): string {
    const [whole = "", inner = ""] =
      /^"((?:[^"\\]|\\.)*)"/.exec(this.#text.slice(this.#at)) ?? [];
    if (whole === "") throw new Error(`No end of the string at ${this.#at}`);
    this.#at += whole.length;
    return inner.replace(/\\(.)/g, "$1");
  }

  #literal(): string {
    const [head = "", size = ""] =
      /^~?\{(\d+)\}\r\n/.exec(this.#text.slice(this.#at)) ?? [];
    if (head === "") throw new Error(`No literal at ${this.#at}`);
    const start = this.#at + head.length;
    this.#at = start + Number(size);
    return this.#text.slice(start, this.#at);
  }
}

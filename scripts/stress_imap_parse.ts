/**
 * Responses of an IMAP server, taken apart for the stress client. Pure. It is
 * no use to a mail program: atoms and strings are not told apart.
 */

/** One part of a response; `null` is NIL. */
export type Value = string | null | readonly Value[];

/** Parts of a response line without its CRLF, literals in their places. */
export function parseResponse(text: string): readonly Value[] {
  const reader = new Reader(text);
  const values = reader.values();
  if (!reader.isOver) throw new SyntaxError(`")" too many: ${text}`);
  return values;
}

/** Reads from left to right. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isOver(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Everything up to the end or a `)`. */
  values(): Value[] {
    const values: Value[] = [];
    while (true) {
      while (this.#text[this.#at] === " ") this.#at++;
      if (this.isOver || this.#text[this.#at] === ")") return values;
      values.push(this.#value());
    }
  }

  #value(): Value {
    const first = this.#text[this.#at];
    if (first === "(") {
      this.#at++;
      const list = this.values();
      if (this.#text[this.#at] !== ")") throw new SyntaxError("no )");
      this.#at++;
      return list;
    }
    if (first === '"') return this.#quoted();
    const literal = /^~?\{([0-9]+)\}\r\n/.exec(
      this.#text.slice(this.#at, this.#at + 20),
    );
    if (literal !== null) {
      const from = this.#at + literal[0].length;
      this.#at = from + Number(literal[1]);
      return this.#text.slice(from, this.#at);
    }
    return this.#atom();
  }

  #quoted(): string {
    const match = /"((?:[^"\\]|\\.)*)"/y;
    match.lastIndex = this.#at;
    const found = match.exec(this.#text);
    if (found === null) throw new SyntaxError("no closing quote");
    this.#at = match.lastIndex;
    return (found[1] ?? "").replace(/\\(.)/g, "$1");
  }

  /** A section in brackets belongs to the atom, spaces and all. */
  #atom(): string | null {
    const from = this.#at;
    let depth = 0;
    while (!this.isOver) {
      const char = this.#text[this.#at] ?? "";
      if (char === "[") depth++;
      if (char === "]") depth--;
      if (depth <= 0 && " ()".includes(char)) break;
      this.#at++;
    }
    const atom = this.#text.slice(from, this.#at);
    return atom === "NIL" ? null : atom;
  }
}

/** Numbers of a set as servers write it: no `*`. */
export function expandSet(text: string): number[] {
  const numbers: number[] = [];
  for (const range of text.split(",")) {
    const [from = NaN, to = from] = range.split(":").map(Number);
    const [low, high] = from < to ? [from, to] : [to, from];
    if (!(high - low < 1e6)) throw new SyntaxError(`set ${text}`);
    for (let n = low; n <= high; n++) numbers.push(n);
  }
  return numbers;
}

/** The pairs of a list such as `(UID 5 FLAGS ())`; names in upper case. */
export function pairs(list: Value | undefined): Map<string, Value> {
  if (!Array.isArray(list) || list.length % 2 !== 0) {
    throw new SyntaxError("not a list of pairs");
  }
  const found = new Map<string, Value>();
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i];
    if (typeof name !== "string") throw new SyntaxError("no name");
    found.set(name.toUpperCase(), list[i + 1] ?? null);
  }
  return found;
}

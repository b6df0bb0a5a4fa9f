/**
 * The language of `*.dialog` files: what one client says and what it hears.
 *
 *     # comment
 *     @server smtp              the server to start
 *     @set max_recipients 2     a setting of it
 *     @once                     do not run it again byte by byte
 *     S: 220 mx.test ESMTP      exactly this line
 *     S~ 250-.*                 a line that this expression matches as a whole
 *     S... 250 DSN              lines up to this one
 *     C: EHLO client.test       sends the line as it is, with CRLF
 *     C+ {12}a\r\n.\r\n         sends bytes: \r \n \t \0 \\ \xHH, {5*ab} is
 *                               "ababababab"; a count in front is checked
 *     @tls                      the client begins the TLS handshake
 *     @closed                   the server has closed the connection
 *     @disconnect               the client goes away
 *     @read                     waits until the server has read what was sent
 *     @advance 300              seconds that pass on the server's clock
 *     @word rest of the line    for the server: what it has taken, and so on
 *
 * Lines that begin with C or S belong to the connection, in the order written.
 */

/** One line of a file that does something. */
export type DialogStep =
  | { readonly kind: "send"; readonly line: number; readonly bytes: Uint8Array }
  | { readonly kind: "expect"; readonly line: number; readonly text: string }
  | { readonly kind: "match"; readonly line: number; readonly regexp: RegExp }
  | { readonly kind: "skip"; readonly line: number; readonly text: string }
  | {
    readonly kind: "tls" | "closed" | "disconnect" | "read";
    readonly line: number;
  }
  | {
    readonly kind: "advance";
    readonly line: number;
    readonly seconds: number;
  }
  | {
    readonly kind: "server";
    readonly line: number;
    readonly word: string;
    readonly rest: string;
  };

/** A file, read. */
export interface Transcript {
  /** First comment line: what the case is about. */
  readonly title: string;
  readonly server: string;
  readonly settings: ReadonlyMap<string, string>;
  /** Not to be run byte by byte. */
  readonly once: boolean;
  readonly steps: readonly DialogStep[];
}

/** Reads a file; throws with the line where it cannot. */
export function parseTranscript(text: string): Transcript {
  const settings = new Map<string, string>();
  const steps: DialogStep[] = [];
  let title = "";
  let server = "smtp";
  let once = false;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = index + 1;
    if (raw.startsWith("#") || raw.trim() === "") {
      if (title === "") title = raw.replace(/^#+\s*/, "").trim();
      continue;
    }
    const [, word = "", rest = ""] = /^(\S+) ?(.*)$/.exec(raw) ?? [];
    if (word === "@server") server = rest;
    else if (word === "@set") {
      const space = rest.indexOf(" ");
      settings.set(rest.slice(0, space), rest.slice(space + 1));
    } else if (word === "@once") once = true;
    else steps.push(parseStep(word, rest, line));
  }
  return { title, server, settings, once, steps };
}

function parseStep(word: string, rest: string, line: number): DialogStep {
  switch (word) {
    case "C:":
      return {
        kind: "send",
        line,
        bytes: new TextEncoder().encode(`${rest}\r\n`),
      };
    case "C+":
      return { kind: "send", line, bytes: countedBytes(rest, line) };
    case "S:":
      return { kind: "expect", line, text: rest };
    case "S~":
      return { kind: "match", line, regexp: new RegExp(`^(?:${rest})$`) };
    case "S...":
      return { kind: "skip", line, text: rest };
    case "@tls":
      return { kind: "tls", line };
    case "@closed":
      return { kind: "closed", line };
    case "@disconnect":
      return { kind: "disconnect", line };
    case "@read":
      return { kind: "read", line };
    case "@advance":
      return { kind: "advance", line, seconds: Number.parseInt(rest, 10) };
  }
  if (word.startsWith("@")) {
    return { kind: "server", line, word: word.slice(1), rest };
  }
  throw new SyntaxError(`Line ${line}: what is "${word}"?`);
}

function countedBytes(text: string, line: number): Uint8Array {
  const [head = "", count] = /^\{([0-9]+)\}/.exec(text) ?? [];
  const bytes = unescape(text.slice(head.length), line);
  if (count !== undefined && bytes.length !== Number.parseInt(count, 10)) {
    throw new SyntaxError(`Line ${line}: ${bytes.length} bytes, not ${count}`);
  }
  return bytes;
}

const SIMPLE: Readonly<Record<string, string>> = {
  r: "\r",
  n: "\n",
  t: "\t",
  "0": "\0",
  "\\": "\\",
};

/** Bytes of a text with escapes; what stands there unescaped is UTF-8. */
export function unescape(text: string, line: number): Uint8Array {
  const repeated = text.replace(
    /\{([0-9]+)\*([^}]*)\}/g,
    (_, count: string, part: string) => part.repeat(Number.parseInt(count, 10)),
  );
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  const pieces = repeated.matchAll(/\\x([0-9A-Fa-f]{2})|\\(.)|([^\\]+)/gs);
  for (const [, hex, simple, plain] of pieces) {
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (plain !== undefined) {
      for (const byte of encoder.encode(plain)) bytes.push(byte);
    } else {
      const value = SIMPLE[simple ?? ""];
      if (value === undefined) {
        throw new SyntaxError(`Line ${line}: unknown escape \\${simple}`);
      }
      bytes.push(value.charCodeAt(0));
    }
  }
  return Uint8Array.from(bytes);
}

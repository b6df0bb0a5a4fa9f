/** Where a command reads and writes; tests give their own. */
import { SecretReader } from "./read_secret.ts";

/** Standard input and output as text. */
export interface Terminal {
  /** Results; nothing else. */
  out(text: string): void;
  /** Mistakes and notes for people. */
  err(text: string): void;
  /** All of standard input. */
  readAll(): Promise<string>;
  /** Asks a person for a line that is not shown; only if `interactive`. */
  askSecret(question: string): Promise<string>;
  /** Whether a person sits in front of standard input. */
  readonly interactive: boolean;
  /** Whether a person sees standard error. */
  readonly watched: boolean;
}

/** The streams of the process. */
export function processTerminal(): Terminal {
  const secrets = new SecretReader(Deno.stdin);
  return {
    out: (text) => writeAll(Deno.stdout, text),
    err: (text) => writeAll(Deno.stderr, text),
    readAll: () => new Response(Deno.stdin.readable).text(),
    async askSecret(question) {
      writeAll(Deno.stderr, question);
      try {
        return await secrets.read();
      } finally {
        writeAll(Deno.stderr, "\n");
      }
    },
    interactive: Deno.stdin.isTerminal(),
    watched: Deno.stderr.isTerminal(),
  };
}

function writeAll(
  stream: { writeSync(bytes: Uint8Array): number },
  text: string,
): void {
  const bytes = new TextEncoder().encode(text);
  let written = 0;
  while (written < bytes.length) {
    written += stream.writeSync(bytes.subarray(written));
  }
}

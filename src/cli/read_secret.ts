/** Reads a line from a terminal without showing it. */
import { CliError } from "./exit_code.ts";

/** The terminal in front of which the person sits. */
export interface SecretInput {
  read(chunk: Uint8Array): Promise<number | null>;
  /** Raw: nothing is shown, and Ctrl-C comes as a byte. */
  setRaw(raw: boolean): void;
}

const RAW = true;

const LF = 0x0a;
const CR = 0x0d;
const CTRL_C = 0x03;
const CTRL_D = 0x04;
const CTRL_U = 0x15;
const BACKSPACE = 0x08;
const DELETE = 0x7f;

/** Far more than a person types. */
const MAX_BYTES = 4096;

/** Reads secrets one after the other; keeps what was pasted beyond a line. */
export class SecretReader {
  readonly #input: SecretInput;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(input: SecretInput) {
    this.#input = input;
  }

  /** The line without its end; `CliError` after Ctrl-C. */
  async read(): Promise<string> {
    this.#input.setRaw(RAW);
    try {
      return await this.#line();
    } finally {
      this.#input.setRaw(!RAW);
    }
  }

  async #line(): Promise<string> {
    const typed: number[] = [];
    for (;;) {
      for (const [at, byte] of this.#rest.entries()) {
        if (byte === CTRL_C) throw new CliError("Interrupted");
        if (byte === CR || byte === LF || byte === CTRL_D) {
          this.#rest = this.#rest.subarray(at + 1);
          return new TextDecoder().decode(Uint8Array.from(typed));
        }
        if (byte === BACKSPACE || byte === DELETE) eraseCharacter(typed);
        else if (byte === CTRL_U) typed.length = 0;
        else typed.push(byte);
        if (typed.length > MAX_BYTES) throw new CliError("That is too long");
      }
      const chunk = new Uint8Array(1024);
      const count = await this.#input.read(chunk);
      if (count === null) throw new CliError("Interrupted");
      this.#rest = chunk.subarray(0, count);
    }
  }
}

/** One character of UTF-8 is one to four bytes. */
function eraseCharacter(typed: number[]): void {
  let last: number | undefined;
  do {
    last = typed.pop();
  } while (last !== undefined && (last & 0xc0) === 0x80);
}

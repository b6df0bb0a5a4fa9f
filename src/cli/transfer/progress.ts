/** Says how far a long command is, on standard error. */
import type { Terminal } from "../terminal.ts";

/** Between two lines, where nobody watches; a person sees one that changes. */
const QUIET_STEP_MS = 5_000;
const WATCHED_STEP_MS = 200;

/** Counts and tells. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #started = performance.now();
  #said = 0;
  #messages = 0;
  #folder = "";

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Messages a second up to now. */
  get rate(): number {
    const seconds = (performance.now() - this.#started) / 1_000;
    return seconds > 0 ? this.#messages / seconds : 0;
  }

  folder(name: string): void {
    this.#folder = name;
  }

  add(messages: number): void {
    this.#messages += messages;
    const now = performance.now();
    const step = this.#isWatched ? WATCHED_STEP_MS : QUIET_STEP_MS;
    if (now - this.#said < step) return;
    this.#said = now;
    this.#say(this.#isWatched ? "\r" : "", this.#isWatched ? "\x1b[K" : "\n");
  }

  /** Ends the line that changed. */
  end(): void {
    if (this.#isWatched && this.#said > 0) this.#terminal.err("\r\x1b[K");
  }

  get #isWatched(): boolean {
    return this.#terminal.watched;
  }

  #say(before: string, after: string): void {
    const rate = Math.round(this.rate);
    this.#terminal.err(
      `${before}${this.#messages} messages, ${rate}/s, ${this.#folder}${after}`,
    );
  }
}

/** How the program ends. */

/** Everything went well. */
export const OK = 0;
/** The command could not do what was asked. */
export const FAILURE = 1;
/** The configuration or the way of calling is wrong, or nothing started. */
export const USAGE = 2;

/** Ends a command with a message for people and an exit code. */
export class CliError extends Error {
  readonly code: number;
  /** What to do next; printed on a line of its own. */
  readonly hint: string | undefined;
  /** What `--json` prints with or instead of `error`. */
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    message: string,
    code: number = FAILURE,
    hint?: string,
    details?: Readonly<Record<string, unknown>>,
  ) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.details = details;
  }
}

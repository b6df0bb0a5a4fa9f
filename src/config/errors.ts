/** Mistakes in a configuration file. */
import type { Position } from "#src/config/node.ts";
import { MailError } from "#src/errors/errors.ts";

/** A mistake in the configuration file; always says where. */
export class ConfigError extends MailError {
  readonly at: Position;
  /** The message without its position. */
  readonly detail: string;
  /** What to do next: the nearest known word, the directive to add. */
  readonly hint: string | undefined;

  constructor(at: Position, detail: string, hint?: string) {
    super(`${at.file}:${at.line}:${at.column}: ${detail}`);
    this.at = at;
    this.detail = detail;
    this.hint = hint;
  }
}

/**
 * Something is not there: a line, an instance, a use. Not worth saying while
 * part of the file could not be read, since it may stand in that part.
 */
export class AbsenceError extends ConfigError {}

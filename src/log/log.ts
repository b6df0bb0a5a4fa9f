/**
 * The log as every layer sees it: an event name and fields. Writers live in
 * the files beside this one; nothing here prints.
 */

/** How much a line matters, least first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Fields of one line. Values must be plain data; credentials never. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Writes structured lines. `event` is a stable, greppable name in lower case
 * (`message accepted`), everything that varies is a field.
 */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A log that adds `fields` to every line. */
  with(fields: LogFields): Log;
}

/** Drops everything; for tests and library use. */
export const SILENT_LOG: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => SILENT_LOG,
};

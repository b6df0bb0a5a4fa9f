/**
 * Writes log lines as logfmt (for people) or JSON (for machines). One line an
 * event; secrets are redacted by the name of their field.
 */
import type { Clock } from "#src/clock/clock.ts";
import { type Log, LOG_LEVELS, type LogFields, type LogLevel } from "./log.ts";
import { redact } from "./redact.ts";

/** How a line looks. */
export type LogFormat = "logfmt" | "json";

/** Where complete lines go, line break included. */
export type LineSink = (line: string) => void;

/** What a `LineLog` needs. */
export interface LineLogOptions {
  /** Lines below this are dropped. */
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly clock: Pick<Clock, "now">;
  readonly sink: LineSink;
}

/** Longest value on one line; the rest is cut off. */
const MAX_VALUE_LENGTH = 2_000;

/** A log that prints. */
export class LineLog implements Log {
  readonly #options: LineLogOptions;
  readonly #least: number;
  readonly #fields: LogFields;

  constructor(options: LineLogOptions, fields: LogFields = {}) {
    this.#options = options;
    this.#least = LOG_LEVELS.indexOf(options.level);
    this.#fields = fields;
  }

  debug(event: string, fields?: LogFields): void {
    this.#write("debug", event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.#write("info", event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    this.#write("warn", event, fields);
  }

  error(event: string, fields?: LogFields): void {
    this.#write("error", event, fields);
  }

  with(fields: LogFields): Log {
    return new LineLog(this.#options, { ...this.#fields, ...fields });
  }

  #write(level: LogLevel, event: string, fields: LogFields | undefined): void {
    if (LOG_LEVELS.indexOf(level) < this.#least) return;
    const { clock, format, sink } = this.#options;
    const line: Record<string, unknown> = {
      time: new Date(clock.now()).toISOString(),
      level,
      event,
    };
    for (const source of [this.#fields, fields ?? {}]) {
      for (const [name, value] of Object.entries(source)) {
        const plain = redact(name, value);
        if (plain !== undefined) line[name] = plain;
      }
    }
    sink(format === "json" ? `${JSON.stringify(line)}\n` : formatLogfmt(line));
  }
}

/** `time=... level=... event="..."`: quoted where a reader would stumble. */
export function formatLogfmt(line: Readonly<Record<string, unknown>>): string {
  const words: string[] = [];
  for (const [name, value] of Object.entries(line)) {
    words.push(`${name}=${formatValue(value)}`);
  }
  return `${words.join(" ")}\n`;
}

function formatValue(value: unknown): string {
  let text = isWords(value)
    ? value.join(",")
    : typeof value === "object"
    ? JSON.stringify(value)
    : String(value);
  if (text.length > MAX_VALUE_LENGTH) {
    text = `${text.slice(0, MAX_VALUE_LENGTH)}...`;
  }
  return /^[\x21\x23-\x3c\x3e-\x7e]+$/.test(text) ? text : JSON.stringify(text);
}

/** A list that reads better without the signs of JSON. */
function isWords(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 &&
    value.every((word) =>
      typeof word === "string" && /^[\x21\x23-\x2b\x2d-\x7e]+$/.test(word)
    );
}

/** Writes to standard error, whole lines at a time. */
export function stderrSink(): LineSink {
  const encoder = new TextEncoder();
  return (line) => {
    const bytes = encoder.encode(line);
    let written = 0;
    try {
      while (written < bytes.length) {
        written += Deno.stderr.writeSync(bytes.subarray(written));
      }
    } catch {
      // Nobody reads standard error any more; a log must not end the program.
    }
  };
}

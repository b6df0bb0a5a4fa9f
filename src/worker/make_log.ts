/** The log of a worker, as the global directive `log` says. */
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { LineLog, type LineSink, stderrSink } from "#src/log/line_log.ts";
import type { LogFields } from "#src/log/log.ts";
import type { LogSettings } from "#src/module/globals.ts";

/** Opens the output; every worker appends whole lines to it. */
export function makeLog(settings: LogSettings, fields?: LogFields): LineLog {
  return new LineLog({
    level: settings.level,
    format: settings.format === "json" ? "json" : "logfmt",
    clock: SYSTEM_CLOCK,
    sink: settings.output === "stderr"
      ? stderrSink()
      : fileSink(settings.output),
  }, fields);
}

/** Appends to a file; the system keeps lines of several writers apart. */
function fileSink(path: string): LineSink {
  const file = Deno.openSync(path, { append: true, create: true, mode: 0o600 });
  const encoder = new TextEncoder();
  return (line) => {
    try {
      file.writeSync(encoder.encode(line));
    } catch {
      // A full disk must not end the program; the line is lost.
    }
  };
}

/**
 * `deno task compile`: builds `dist/epistle`, one executable with everything in
 * it and only the permissions that it needs. Each worker gets its own part of
 * them from the configuration.
 *
 * `--with PROGRAM` builds with another compiler that is called as
 * `PROGRAM OUTPUT ENTRY [deno compile arguments]`. `--output FILE` names the
 * result.
 */
import { parseArgs } from "node:util";
import { ENGINE_FLAGS } from "./engine_flags.ts";

/** No run, no ffi, nothing of the system but its name. */
const PERMISSIONS = [
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys=hostname",
  "--no-prompt",
];

/** Files that no import of `main.ts` leads to. */
const INCLUDES = ["--include", "src/worker/entry.ts"];

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      with: { type: "string" },
      output: { type: "string", default: "dist/epistle" },
    },
  });
  const { output } = values;
  const common = [ENGINE_FLAGS, ...PERMISSIONS, ...INCLUDES];
  const [command, full] = values.with === undefined
    ? [Deno.execPath(), [
      "compile",
      "--no-check",
      ...common,
      "--output",
      output,
      "main.ts",
    ]]
    : [values.with, [output, "main.ts", "--no-check", ...common]];
  const { code } = await new Deno.Command(command, {
    args: full,
    cwd: new URL("..", import.meta.url).pathname,
  }).spawn().status;
  return code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

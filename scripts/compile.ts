/**
 * `deno task compile`: builds `dist/epistle`, one executable with everything in
 * it and only the permissions that it needs. Each worker gets its own part of
 * them from the configuration.
 *
 * `--with PROGRAM` builds with another compiler that is called as
 * `PROGRAM OUTPUT ENTRY [deno compile arguments]`. `--output FILE` names the
 * result.
 */
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundle } from "./bundle.ts";
import { ENGINE_FLAGS } from "./engine_flags.ts";

/** No run, no ffi, nothing of the system but its name and the room on disks. */
const PERMISSIONS = [
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys=hostname,statfs",
  "--no-prompt",
];

/**
 * No cache of compiled code: it would lie under a name that anyone can guess in
 * the folder for temporary files, outside of what the configuration names.
 */
const OPTIONS = ["--no-check", "--no-code-cache"];

/** The project's folder, without a slash at its end. */
const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      with: { type: "string" },
      output: { type: "string", default: "dist/epistle" },
    },
  });
  const output = resolve(values.output);
  const { main, workers } = await bundle(ROOT, `${ROOT}/dist/bundle`);
  const common = [
    ENGINE_FLAGS,
    ...OPTIONS,
    ...PERMISSIONS,
    "--include",
    workers,
  ];
  const [command, full] = values.with === undefined
    ? [Deno.execPath(), ["compile", ...common, "--output", output, main]]
    : [resolve(values.with), [output, main, ...common]];
  const { code } = await new Deno.Command(command, {
    args: full,
    cwd: dirname(main),
  }).spawn().status;
  if (code !== 0 && values.with === undefined) {
    // deno-lint-ignore no-console -- what the script is for
    console.error(
      "Deno fetches its base binary from dl.deno.land. Where that cannot be " +
        "reached, name another compiler: deno task compile --with PROGRAM",
    );
  }
  return code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

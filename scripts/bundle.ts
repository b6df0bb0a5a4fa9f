/**
 * Bundles the program into a few JavaScript files, without those parts of the
 * packages that nothing imports: `deno compile` would put the whole of
 * `node_modules` into the executable, and each copy that runs would carry it
 * in memory. Modules that are imported late stay files of their own.
 */
import { build, stop } from "esbuild";

/** Packages that are written for Node call `require` for what is built in. */
const REQUIRE =
  'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/** What a bundle needs of `deno.json`. */
const SETTINGS = { unstable: ["worker-options"], lock: false };

/** Where a bundle begins. */
export interface Bundle {
  /** The program. */
  readonly main: string;
  /** Where its workers begin; no import leads there. */
  readonly workers: string;
}

/** Writes the bundle of the program in `root` into `folder`, which is emptied. */
export async function bundle(root: string, folder: string): Promise<Bundle> {
  await Deno.mkdir(folder, { recursive: true });
  for await (const { name } of Deno.readDir(folder)) {
    await Deno.remove(`${folder}/${name}`, { recursive: true });
  }
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(SETTINGS));
  try {
    await build({
      absWorkingDir: root,
      entryPoints: { main: "main.ts", entry: "src/worker/entry.ts" },
      outdir: folder,
      alias: { "#src": `${root}/src` },
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      target: "esnext",
      // Names of classes and functions are part of errors and logs.
      keepNames: true,
      banner: { js: REQUIRE },
      logLevel: "warning",
    });
  } finally {
    await stop();
  }
  return { main: `${folder}/main.js`, workers: `${folder}/entry.js` };
}

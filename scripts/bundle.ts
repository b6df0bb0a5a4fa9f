/**
 * Bundles the program into a few JavaScript files, without those parts of the
 * packages that nothing imports: `deno compile` would put the whole of
 * `node_modules` into the executable, and each copy that runs would carry it
 * in memory. Modules that are imported late stay files of their own.
 */
import { build, type Plugin, stop } from "esbuild";

/** Packages that are written for Node call `require` for what is built in. */
const REQUIRE =
  'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/**
 * Timers as packages know them: outside of `node_modules` Deno before 2.9 gives
 * them numbers instead, which have no `unref`.
 */
const TIMERS =
  'import { clearTimeout, setImmediate, setTimeout } from "node:timers";\n';

/** Gives `TIMERS` to the modules of packages that call `unref`. */
const NODE_TIMERS: Plugin = {
  name: "node timers",
  setup({ onLoad }): void {
    onLoad({ filter: /\/node_modules\/.*\/esm\/.*\.js$/ }, async ({ path }) => {
      const text = await Deno.readTextFile(path);
      if (!text.includes(".unref(")) return undefined;
      return { contents: TIMERS + text, loader: "js" };
    });
  },
};

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
      plugins: [NODE_TIMERS],
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

/** Configuration from the files and the environment of the machine. */
import { basename, dirname, join } from "node:path";
import { type ConfigSource, globExpression } from "./source.ts";

/** Reads the disk. Patterns may have `*` and `?` in their last part only. */
export const DISK_SOURCE: ConfigSource = {
  readText: (path) => Deno.readTextFileSync(path),
  glob(pattern): readonly string[] {
    const folder = dirname(pattern);
    const expression = globExpression(basename(pattern));
    try {
      return [...Deno.readDirSync(folder)]
        .filter(({ name, isDirectory }) =>
          !isDirectory && !name.startsWith(".") && expression.test(name)
        )
        .map(({ name }) => join(folder, name))
        .toSorted();
    } catch (error) {
      // No folder, no files: `import conf.d/*.conf` on a fresh machine.
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  },
  env: (name) => Deno.env.get(name),
};

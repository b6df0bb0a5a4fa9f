/** Configuration files that lie in memory. */
import { parseYaml } from "./parse_yaml.ts";
import { type ConfigSource, globExpression } from "./source.ts";

/** Files and variables in memory; for tests and library use. */
export function memorySource(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): ConfigSource {
  return {
    readText(path): string {
      const text = Object.hasOwn(files, path) ? files[path] : undefined;
      if (text === undefined) throw new Error("No such file");
      return text;
    },
    glob(pattern): readonly string[] {
      const expression = globExpression(pattern);
      return Object.keys(files).filter((path) => expression.test(path))
        .toSorted();
    },
    parseYaml,
    env: (name) => Object.hasOwn(env, name) ? env[name] : undefined,
  };
}

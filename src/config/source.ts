/** Where files and environment variables come from while a file is read. */

/** Passed in, so that tests need no disk. Synchronous: it is start-up. */
export interface ConfigSource {
  /** The text of a file; throws where it cannot be read. */
  readText(path: string): string;
  /** Files that fit a pattern with `*` and `?` in its last part, sorted. */
  glob(pattern: string): readonly string[];
  /** A variable of the environment. */
  env(name: string): string | undefined;
}

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
    env: (name) => Object.hasOwn(env, name) ? env[name] : undefined,
  };
}

/** `*` and `?` match within one part of a path; all else is itself. */
export function globExpression(pattern: string): RegExp {
  const source = pattern.replace(
    /[*?]|[\\^$.|+()[\]{}/]/g,
    (char) => char === "*" ? "[^/]*" : char === "?" ? "[^/]" : `\\${char}`,
  );
  return new RegExp(`^${source}$`, "u");
}

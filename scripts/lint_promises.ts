/**
 * `deno task lint:promises`: finds promises that nobody awaits. A rejected one
 * would end the process, and `deno lint` has no types to see it with.
 *
 * Needs packages that nothing else needs, so they are fetched into a folder of
 * their own outside the project, by npm, at their exact versions.
 */

const PACKAGES = [
  "eslint@10.15.0",
  "typescript@6.0.3",
  "typescript-eslint@8.73.0",
  "@types/node@22.20.5",
];

/**
 * Rules that need types; all others are `deno lint`'s business. `void` says that
 * the promise is owned by somebody and never rejects.
 */
const ESLINT_CONFIG = `
import tseslint from "typescript-eslint";
export default [
  { linterOptions: { reportUnusedDisableDirectives: "off" } },
  {
    files: ["**/*.ts"],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname },
    },
    plugins: { "@typescript-eslint": tseslint.plugin },
    rules: {
      "@typescript-eslint/no-floating-promises": ["error", { ignoreVoid: true }],
      "@typescript-eslint/no-misused-promises": "error",
    },
  },
];
`;

/** Deno's import map as compiler options. */
function tsconfig(): string {
  return JSON.stringify({
    compilerOptions: {
      strict: true,
      noEmit: true,
      target: "esnext",
      module: "esnext",
      moduleResolution: "bundler",
      allowImportingTsExtensions: true,
      lib: ["esnext"],
      types: ["node"],
      skipLibCheck: true,
      paths: {
        "#src/*": ["./src/*"],
        "#tests/*": ["./tests/*"],
        "#scripts/*": ["./scripts/*"],
      },
    },
    include: ["deno.d.ts", "main.ts", "src", "scripts"],
  });
}

async function run(
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<number> {
  const { code } = await new Deno.Command(program, {
    args: [...args],
    cwd,
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  return code;
}

async function main(): Promise<number> {
  const root = new URL("..", import.meta.url).pathname;
  const folder = await Deno.makeTempDir({ prefix: "epistle-promises-" });
  try {
    for (const name of ["src", "scripts", "tests", "main.ts"]) {
      await run("cp", ["-r", `${root}${name}`, folder], folder);
    }
    const types = await new Deno.Command(Deno.execPath(), { args: ["types"] })
      .output();
    await Deno.writeFile(`${folder}/deno.d.ts`, types.stdout);
    await Deno.writeTextFile(`${folder}/tsconfig.json`, tsconfig());
    await Deno.writeTextFile(`${folder}/eslint.config.mjs`, ESLINT_CONFIG);
    await Deno.writeTextFile(`${folder}/package.json`, "{}");
    const install = ["install", "--silent", "--no-audit", ...PACKAGES];
    const installed = await run("npm", install, folder);
    if (installed !== 0) return installed;
    return await run("npx", ["eslint", "src", "scripts", "main.ts"], folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main());

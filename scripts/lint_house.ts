/**
 * House lint rules: imports point down, `_files` stay in their folder, files
 * and functions keep to their length, nothing but `src/net` touches sockets.
 */

/** The layers of `docs/architecture.md`, lowest first. */
const LAYERS: readonly (readonly string[])[] = [
  ["bytes", "errors", "log", "async", "clock"],
  ["address", "message", "dns", "net", "sasl"],
  ["config", "smtp", "imap", "verify"],
  ["module"],
  ["pipeline", "queue", "worker"],
  [
    "endpoints",
    "storage",
    "auth",
    "filters",
    "deliveries",
    "tables",
    "certificates",
    "blobs",
  ],
  ["cli"],
];

/** Folders of one layer that may import each other: small basics. */
const FREE_LAYERS = new Set([0, 1]);

/**
 * Files that stand above the layers: the list of compiled-in modules and the
 * worker entry that has to import it.
 */
const TOP_FILES = new Set(["modules.ts"]);

/** Longest file that is not refused. */
const MAX_FILE_LINES = 800;
/** Longest function that is not refused. */
const MAX_FUNCTION_LINES = 100;

/** Modules that only `src/net` may import for their value. */
const SOCKET_MODULES = new Set([
  "node:net",
  "node:tls",
  "node:dgram",
]);

/** Number of the layer a folder of `src/` belongs to. */
function layerOf(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

/** Says why `own` may not import `folder`, or nothing when it may. */
function refusal(own: string, folder: string): string | undefined {
  if (own === folder) return undefined;
  const from = layerOf(own);
  const to = layerOf(folder);
  if (from < 0) return `src/${own} stands in no layer of scripts/lint_house.ts`;
  if (to < 0) return `src/${folder} stands in no layer`;
  if (to < from) return undefined;
  if (to === from && FREE_LAYERS.has(from)) return undefined;
  return `src/${own} must not import src/${folder}: imports point down`;
}

type WithSource =
  | Deno.lint.ImportDeclaration
  | Deno.lint.ExportAllDeclaration
  | Deno.lint.ExportNamedDeclaration;

type AnyFunction =
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression
  | Deno.lint.ArrowFunctionExpression;

/** Line breaks in `text` between two offsets, plus one. */
function lineCount(text: string, range: readonly [number, number]): number {
  let lines = 1;
  for (let i = range[0]; i < range[1]; i++) if (text[i] === "\n") lines++;
  return lines;
}

const plugin: Deno.lint.Plugin = {
  name: "house",
  rules: {
    layers: {
      create(context) {
        const own = /\/src\/([a-z_]+)\//.exec(context.filename)?.[1];
        const isTest = context.filename.endsWith("_test.ts") ||
          context.filename.endsWith("/src/worker/entry.ts");
        const visit = (node: WithSource): void => {
          const specifier = node.source?.value;
          if (own === undefined || typeof specifier !== "string") return;
          const match = /^#src\/([a-z_]+)\/(.*)$/.exec(specifier);
          if (match === null) {
            const top = /^#src\/(.+)$/.exec(specifier)?.[1];
            if (top !== undefined && TOP_FILES.has(top) && own !== "cli") {
              const message = `Only main.ts and src/cli import ${specifier}`;
              if (!isTest) context.report({ node, message });
            }
            return;
          }
          const [, folder = "", file = ""] = match;
          const message = refusal(own, folder);
          if (message !== undefined && !isTest) {
            context.report({ node, message });
          }
          if (file.startsWith("_") && folder !== own) {
            const message = `${specifier} is private to its folder`;
            context.report({ node, message });
          }
        };
        return {
          ImportDeclaration: visit,
          ExportAllDeclaration: visit,
          ExportNamedDeclaration: visit,
        };
      },
    },
    sockets: {
      create(context) {
        const own = /\/src\/([a-z_]+)\//.exec(context.filename)?.[1];
        if (own === undefined || own === "net" || own === "cli") return {};
        if (context.filename.endsWith("_test.ts")) return {};
        return {
          ImportDeclaration(node): void {
            if (node.importKind === "type") return;
            if (!SOCKET_MODULES.has(String(node.source.value))) return;
            const message = `Only src/net may import ${node.source.value}`;
            context.report({ node, message });
          },
        };
      },
    },
    length: {
      create(context) {
        const text = context.sourceCode.text;
        const visit = (node: AnyFunction): void => {
          const lines = lineCount(text, node.range);
          if (lines <= MAX_FUNCTION_LINES) return;
          const message =
            `Function of ${lines} lines, at most ${MAX_FUNCTION_LINES}`;
          context.report({ node, message });
        };
        return {
          Program(node): void {
            const lines = lineCount(text, node.range);
            if (lines <= MAX_FILE_LINES) return;
            const message = `File of ${lines} lines, at most ${MAX_FILE_LINES}`;
            context.report({ node, message });
          },
          FunctionDeclaration: visit,
          FunctionExpression: visit,
          ArrowFunctionExpression: visit,
        };
      },
    },
  },
};
export default plugin;

/** Lines of one block against a schema. */
import type { ConfigOf, Schema, Scope } from "#src/config/directive.ts";
import { AbsenceError, ConfigError } from "./errors.ts";
import { didYouMean } from "./nearest_word.ts";
import type { ConfigNode } from "./node.ts";

/** What a block became. */
export interface ParsedBlock<S extends Schema> {
  /** Complete where `ok`; else what could be read. */
  readonly config: ConfigOf<S>;
  /** No mistake was found; all mistakes were reported to the scope. */
  readonly ok: boolean;
}

/**
 * Types the lines of a block: unknown words, words given twice, missing words
 * and whatever the directives themselves object to are reported to `scope`.
 * `what` is how messages call the lines.
 */
export function parseBlock<S extends Schema>(
  schema: S,
  nodes: readonly ConfigNode[],
  scope: Scope,
  what: "directive" | "option" = "directive",
): ParsedBlock<S> {
  let ok = true;
  const watched = watch(scope, () => ok = false);
  const byKey = groupByKey(schema, nodes, watched, what);
  const config: Record<string, unknown> = {};
  for (const [key, directive] of Object.entries(schema)) {
    const lines = byKey.get(key);
    try {
      if (lines !== undefined) {
        config[key] = directive.parse(lines, watched);
      } else if (directive.absent !== undefined) {
        config[key] = directive.absent(watched);
      } else {
        const syntax = `${key} ${directive.syntax}`.trimEnd();
        watched.report(
          new AbsenceError(
            scope.at,
            `Missing ${what} "${key}"`,
            `Add a line "${syntax}"`,
          ),
        );
      }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      watched.report(error);
    }
  }
  return { config: config as ConfigOf<S>, ok };
}

/** The same scope, with a look at whether anything is reported. */
function watch(scope: Scope, onError: () => void): Scope {
  return {
    at: scope.at,
    report(error): void {
      onError();
      scope.report(error);
    },
    reference: (...args) => scope.reference(...args),
    referenceWithOptions: (...args) => scope.referenceWithOptions(...args),
    resolvePath: (text) => scope.resolvePath(text),
    noteDomain: (...args) => scope.noteDomain(...args),
  };
}

function groupByKey(
  schema: Schema,
  nodes: readonly ConfigNode[],
  scope: Scope,
  what: string,
): Map<string, ConfigNode[]> {
  const keyOf = new Map<string, string>();
  for (const [key, directive] of Object.entries(schema)) {
    for (const word of directive.claims ?? [key]) keyOf.set(word, key);
  }
  const byKey = new Map<string, ConfigNode[]>();
  for (const node of nodes) {
    const key = keyOf.get(node.name);
    const directive = key === undefined ? undefined : schema[key];
    if (key === undefined || directive === undefined) {
      scope.report(unknownWord(node, keyOf.keys(), what));
      continue;
    }
    const lines = byKey.get(key);
    if (lines === undefined) {
      byKey.set(key, [node]);
    } else if (directive.repeatable === true || directive.claims) {
      lines.push(node);
    } else {
      scope.report(
        new ConfigError(
          node.at,
          `"${node.name}" stands here twice`,
          `The first one is on line ${lines[0]?.at.line}`,
        ),
      );
    }
  }
  return byKey;
}

function unknownWord(
  node: ConfigNode,
  known: Iterable<string>,
  what: string,
): ConfigError {
  const words = [...known];
  const hint = didYouMean(node.name, words) ??
    (words.length === 0
      ? "Nothing can be set here"
      : `Known here: ${words.toSorted().join(", ")}`);
  return new ConfigError(node.at, `Unknown ${what} "${node.name}"`, hint);
}

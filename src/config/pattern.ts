/** Patterns: a word to compare with, or a regular expression. */
import { ConfigError } from "./errors.ts";
import type { Arg } from "./node.ts";

/** Plain data, so that it can be sent to a worker. */
export type Pattern =
  | { readonly kind: "equal"; readonly text: string }
  | {
    readonly kind: "expression";
    readonly source: string;
    readonly flags: string;
  };

/** Longest expression; whoever writes the file is trusted, slips are not. */
const MAX_SOURCE = 1000;

/**
 * Reads `/expression/`, `/expression/i` or a plain word. A quoted word is
 * always plain. Throws `ConfigError` for an expression that does not compile.
 */
export function parsePattern(arg: Arg): Pattern {
  const match = arg.quoted ? null : /^\/(.+)\/(i?)$/s.exec(arg.text);
  if (match === null) {
    if (!arg.quoted && /^\/./.test(arg.text) && !arg.text.endsWith("/")) {
      throw new ConfigError(
        arg.at,
        `"${arg.text}" begins with "/" but does not end with it`,
        "Write /expression/, or put a plain word that begins with / in quotes",
      );
    }
    return { kind: "equal", text: arg.text };
  }
  const [, source = "", flags = ""] = match;
  if (source.length > MAX_SOURCE) {
    throw new ConfigError(
      arg.at,
      `The expression is longer than ${MAX_SOURCE} characters`,
    );
  }
  try {
    new RegExp(source, `u${flags}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(arg.at, `Expression that does not work: ${reason}`);
  }
  return { kind: "expression", source, flags };
}

/** A function that says whether a text matches; expressions match in part. */
export function compilePattern(pattern: Pattern): (text: string) => boolean {
  if (pattern.kind === "equal") return (text) => text === pattern.text;
  const expression = new RegExp(pattern.source, `u${pattern.flags}`);
  return (text) => expression.test(text);
}

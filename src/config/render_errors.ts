/** Mistakes as a person reads them: place, reason, line with a caret. */
import type { ConfigError } from "#src/config/errors.ts";

/** Longest part of a line that is shown. */
const MAX_SHOWN = 120;

/**
 * All mistakes in the order of the files and lines, each once. `sources` holds
 * the text of every file in the order of reading.
 */
export function renderErrors(
  errors: readonly ConfigError[],
  sources: ReadonlyMap<string, string>,
): string {
  return sortErrors(errors, [...sources.keys()])
    .map((error) => renderError(error, sources.get(error.at.file)))
    .join("\n");
}

/** Sorted by file, line and column; the same mistake stands there once. */
export function sortErrors(
  errors: readonly ConfigError[],
  files: readonly string[],
): readonly ConfigError[] {
  const rank = (file: string): number => {
    const index = files.indexOf(file);
    return index < 0 ? files.length : index;
  };
  const sorted = errors.toSorted((a, b) =>
    rank(a.at.file) - rank(b.at.file) ||
    a.at.line - b.at.line || a.at.column - b.at.column
  );
  const seen = new Set<string>();
  return sorted.filter(({ message }) => {
    if (seen.has(message)) return false;
    seen.add(message);
    return true;
  });
}

function renderError(error: ConfigError, text: string | undefined): string {
  const lines = [error.message];
  const line = text?.split("\n")[error.at.line - 1]?.replace(/\r$/, "");
  if (line !== undefined) {
    const label = `${error.at.line} | `.padStart(8);
    const start = Math.max(0, error.at.column - MAX_SHOWN);
    const shown = line.slice(start, start + MAX_SHOWN);
    // Tabs stay tabs, so that the caret stands below its character.
    const indent = shown.slice(0, error.at.column - 1 - start)
      .replace(/[^\t]/g, " ");
    lines.push(`${label}${shown}`, `${"| ".padStart(label.length)}${indent}^`);
  }
  if (error.hint !== undefined) lines.push(`        ${error.hint}`);
  return `${lines.join("\n")}\n`;
}

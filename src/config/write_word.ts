/** Words as the configuration language writes them. */

/** The word as it is where that reads back the same, else in quotes. */
export function writeWord(text: string, options?: {
  /** It was quoted in the file: a pattern in quotes is none. */
  readonly quoted?: boolean;
}): string {
  return isPlain(text) && options?.quoted !== true ? text : quote(text);
}

function quote(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')
    .replaceAll("\n", "\\n");
  return `"${escaped}"`;
}

function isPlain(text: string): boolean {
  if (text === "" || /[\s\uFEFF]/.test(text)) return false;
  if (/^["#]/.test(text) || text.includes('="')) return false;
  if (/^<<\w+$/.test(text) || text.endsWith("\\")) return false;
  // Braces that the lexer takes for structure or slips.
  if (text.endsWith("{") || text.startsWith("}")) return false;
  if (text.endsWith("}") && !text.includes("{")) return false;
  return !(text.startsWith("{") && !text.includes("}"));
}

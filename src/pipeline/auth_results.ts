/**
 * Authentication-Results (RFC 8601): one field with what all filters found,
 * added when a message leaves the pipeline; fields that claim to be ours are
 * removed (RFC 8601 section 5).
 */
import type { HeaderBlock, HeaderField } from "#src/message/header_block.ts";
import {
  type ContextKey,
  contextKey,
  type ContextValues,
} from "#src/module/roles/context.ts";

/** The client's forward-confirmed name, where a filter has looked for it. */
export const CLIENT_NAME: ContextKey<string> = contextKey("client-name");

/**
 * Findings are values of their own, so that filters that run at the same time
 * or in an order other than that of the steps do not cover each other's.
 */
const PREFIX = "authentication-results:";

/**
 * Leaves one more finding: one `resinfo` of RFC 8601 section 2.2 without the
 * semicolon, as `spf=pass smtp.mailfrom=example.org`. One line of ASCII.
 */
export function addAuthResult(values: ContextValues, result: string): void {
  values.set(contextKey<string>(`${PREFIX}${result}`), result);
}

/** What filters found on the way, in the order of the steps. */
export function authResults(values: ContextValues): readonly string[] {
  const results: string[] = [];
  for (const [name, value] of values.entries()) {
    if (name.startsWith(PREFIX)) results.push(String(value));
  }
  return results;
}

/** The field with its line break, findings in the order they were left. */
export function formatAuthResults(
  hostname: string,
  results: readonly string[],
): Uint8Array {
  const lines = results.map((result) => `;\r\n\t${oneLine(result)}`);
  const text = `Authentication-Results: ${hostname}${lines.join("")}\r\n`;
  return new TextEncoder().encode(text);
}

/** Bounded and without anything that could begin another field. */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex -- controls are what must not pass
  return text.replace(/[\x00-\x1f\x7f]+/g, " ").slice(0, 900);
}

/** The header without Authentication-Results that carry our name. */
export function withoutForgedResults(
  header: HeaderBlock,
  hostname: string,
): HeaderBlock {
  const claimed = header.all("authentication-results").filter((field) =>
    authservId(header, field) === hostname.toLowerCase()
  );
  if (claimed.length === 0) return header;
  const starts = new Set(claimed.map(({ start }) => start));
  return header.without((field) => starts.has(field.start));
}

/** The name at the start of the field, comments passed over. */
function authservId(header: HeaderBlock, field: HeaderField): string {
  const bytes = header.rawValue(field).subarray(0, MAX_ID_BYTES);
  const text = new TextDecoder().decode(bytes);
  let depth = 0;
  let name = "";
  for (const character of text) {
    if (character === "(") depth++;
    else if (character === ")") depth = Math.max(0, depth - 1);
    else if (depth > 0) continue;
    else if (/[\s;]/.test(character)) {
      if (name !== "") break;
    } else name += character;
  }
  return name.replace(/^"(.*)"$/, "$1").toLowerCase();
}

/** Comments before the name are not worth more. */
const MAX_ID_BYTES = 2000;

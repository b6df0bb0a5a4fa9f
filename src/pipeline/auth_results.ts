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

/**
 * The header without Authentication-Results that carry our name, or a name
 * that another reader could take for ours: whoever trusts our name must not
 * be told lies under it.
 */
export function withoutForgedResults(
  header: HeaderBlock,
  hostname: string,
): HeaderBlock {
  const own = hostname.toLowerCase();
  const claimed = header.all("authentication-results").filter((field) =>
    mayBeOurs(header, field, own)
  );
  if (claimed.length === 0) return header;
  const starts = new Set(claimed.map(({ start }) => start));
  return header.without((field) => starts.has(field.start));
}

function mayBeOurs(
  header: HeaderBlock,
  field: HeaderField,
  own: string,
): boolean {
  const bytes = header.rawValue(field).subarray(0, MAX_ID_BYTES);
  const name = authservId(new TextDecoder().decode(bytes));
  if (name === undefined || name === "") return true;
  // What follows the name may be nothing to others (`/1`, `.`, a control).
  return name.startsWith(own) && !/^\.?[a-z0-9_-]/.test(name.slice(own.length));
}

/**
 * The name at the start of the field in lower case, comments and quotes taken
 * away; `undefined` where comment or quotes do not end.
 */
function authservId(text: string): string | undefined {
  let depth = 0;
  let quoted = false;
  let name = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === "\\") {
      at++;
      if (depth === 0) name += text[at] ?? "";
    } else if (quoted || depth > 0) {
      if (quoted && character === '"') quoted = false;
      else if (quoted) name += character;
      else if (character === "(") depth++;
      else if (character === ")") depth--;
    } else if (character === "(") depth++;
    else if (character === '"') quoted = true;
    else if (/[\s;]/.test(character)) {
      if (name !== "" || character === ";") break;
    } else name += character;
  }
  return quoted || depth > 0 ? undefined : name.toLowerCase().trim();
}

/** A name behind more comments than this is nobody's. */
const MAX_ID_BYTES = 2000;

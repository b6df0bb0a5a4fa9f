/** Keeps secrets out of log lines. */

/** Field names whose values never reach a line, whatever they hold. */
const SECRET_NAME_REGEXP =
  /pass(?:word|wd)?$|^pass|credential|secret|token|^authorization$|private_?key/i;

/** What stands in place of a secret. */
export const REDACTED = "[redacted]";

/** Nesting below which values are cut off. */
const MAX_DEPTH = 4;

/** Whether a field of that name holds a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME_REGEXP.test(name);
}

/**
 * Plain data fit for a line: secrets replaced, errors as their message, bytes
 * as their length, nothing nested without end.
 */
export function redact(name: string, value: unknown, depth = 0): unknown {
  if (value === undefined || value === null) return value;
  if (isSecretName(name)) return REDACTED;
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "function" || typeof value === "symbol") {
    return undefined;
  }
  if (typeof value !== "object") return value;
  if (value instanceof Error) return describeError(value);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return "[...]";
  if (Array.isArray(value)) {
    return value.map((item) => redact("", item, depth + 1));
  }
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    result[key] = redact(key, item, depth + 1);
  }
  return result;
}

/** An error and what caused it, in one text. */
function describeError(error: Error): string {
  let text = `${error.name}: ${error.message}`;
  let cause = error.cause;
  for (let i = 0; i < MAX_DEPTH && cause instanceof Error; i++) {
    text += `; because of ${cause.name}: ${cause.message}`;
    cause = cause.cause;
  }
  return text;
}

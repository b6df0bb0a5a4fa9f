/**
 * Placeholders inside one token: `{env:NAME}`, `{env:NAME:default}`,
 * `{file:PATH}`. A value can never add tokens or lines to the file.
 */
import { systemReason } from "#src/errors/system_reason.ts";
import { besideFile } from "./beside_file.ts";
import { ConfigError } from "./errors.ts";
import type { Position } from "./node.ts";
import type { ConfigSource } from "./source.ts";

/** Longest value of a placeholder. */
const MAX_VALUE_CHARS = 1024 * 1024;

/**
 * The text with every placeholder replaced. Throws `ConfigError` for a
 * variable that is not set and has no default, and for an unreadable file.
 */
export function expandPlaceholders(
  text: string,
  at: Position,
  source: ConfigSource,
): string {
  if (!text.includes("{")) return text;
  return text.replace(
    /\{(env|file):([^{}]*)\}/g,
    (_whole, kind: string, body: string) =>
      kind === "env"
        ? readVariable(body, at, source)
        : readFile(body, at, source),
  );
}

function readVariable(
  body: string,
  at: Position,
  source: ConfigSource,
): string {
  const colon = body.indexOf(":");
  const name = colon < 0 ? body : body.slice(0, colon);
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    throw new ConfigError(at, `"${name}" is no name of a variable`);
  }
  const value = source.env(name);
  if (value !== undefined) return value;
  if (colon >= 0) return body.slice(colon + 1);
  throw new ConfigError(
    at,
    `The environment variable ${name} is not set`,
    `Set it, or write a default: {env:${name}:default}`,
  );
}

/** The file without its last line break. */
function readFile(path: string, at: Position, source: ConfigSource): string {
  if (path === "") throw new ConfigError(at, "{file:} needs a path");
  let text;
  try {
    text = source.readText(besideFile(at.file, path));
  } catch (error) {
    throw new ConfigError(at, `Cannot read "${path}": ${systemReason(error)}`);
  }
  if (text.length > MAX_VALUE_CHARS) {
    throw new ConfigError(at, `"${path}" is too long for a value`);
  }
  return text.replace(/\r?\n$/, "");
}

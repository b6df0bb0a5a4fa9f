/**
 * Grammar of command lines: the verb, paths, ESMTP parameters, xtext. Sync and
 * pure. RFC 5321 section 4.1.2, RFC 3461 section 4, RFC 6531 section 3.3.
 */
import { SMTP_LIMITS } from "./limits.ts";

/** A command line, taken apart. */
export interface CommandLine {
  /** ASCII capitals. */
  readonly verb: string;
  /** What follows the verb, without spaces around it. */
  readonly argument: string;
}

/**
 * Text of a line without its CRLF; `undefined` where it has control characters
 * or is no UTF-8.
 */
export function tryDecodeLine(bytes: Uint8Array): string | undefined {
  let text = "";
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x80) return tryDecodeUtf8(bytes);
    if (byte < 0x20 || byte === 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

function tryDecodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes);
    return hasControl(text) ? undefined : text;
  } catch {
    // A TypeError says that the bytes are no UTF-8; nothing else is thrown.
    return undefined;
  }
}

/**
 * Control characters, those of C1 included, and formatting that is not seen or
 * turns the direction of what follows: in a log or report it would say
 * something else than it is.
 */
function hasControl(text: string): boolean {
  // deno-lint-ignore no-control-regex -- controls are what must not pass
  return /[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/
    .test(text);
}

/** Takes a line apart. */
export function splitCommand(line: string): CommandLine {
  const end = line.indexOf(" ");
  if (end < 0) return { verb: upperAscii(line), argument: "" };
  return {
    verb: upperAscii(line.slice(0, end)),
    argument: trimSpaces(line.slice(end + 1)),
  };
}

/** Without spaces around it; no other white space is known here. */
export function trimSpaces(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === " ") start++;
  while (end > start && text[end - 1] === " ") end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** Capitals of ASCII letters only. */
export function upperAscii(text: string): string {
  return /[a-z]/.test(text)
    ? text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
    : text;
}

/** A path and what follows it. */
export interface PathAndParameters {
  /** Without brackets and source route; empty for `<>`. */
  readonly address: string;
  /** Words behind the path. */
  readonly parameters: readonly string[];
}

/**
 * Reads `FROM:<address> ...` or `TO:<address> ...`. A space behind the colon is
 * let pass, as everybody does. `undefined` where it is something else.
 */
export function tryParsePath(
  argument: string,
  keyword: "FROM:" | "TO:",
): PathAndParameters | undefined {
  if (upperAscii(argument.slice(0, keyword.length)) !== keyword) {
    return undefined;
  }
  const rest = trimSpaces(argument.slice(keyword.length));
  if (!rest.startsWith("<")) return undefined;
  const end = endOfPath(rest);
  if (end < 0) return undefined;
  const after = rest.slice(end + 1);
  if (after !== "" && !after.startsWith(" ")) return undefined;
  const address = withoutRoute(rest.slice(1, end));
  if (address === undefined) return undefined;
  return {
    address,
    parameters: after.split(" ").filter((word) => word !== ""),
  };
}

/** Where the `>` is that closes the path, quoted strings passed over. */
function endOfPath(text: string): number {
  let quoted = false;
  for (let i = 1; i < text.length; i++) {
    const char = text[i];
    if (quoted && char === "\\") i++;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && char === ">") return i;
    else if (!quoted && (char === "<" || char === " ")) return -1;
  }
  return -1;
}

/** RFC 5321 appendix C: `@a,@b:` is accepted and ignored. */
function withoutRoute(path: string): string | undefined {
  if (!path.startsWith("@")) return path;
  const colon = path.indexOf(":");
  if (colon < 0) return undefined;
  const hops = path.slice(0, colon).split(",");
  const isRoute = hops.every((hop) =>
    hop.startsWith("@") && isDomain(hop.slice(1))
  );
  return isRoute ? path.slice(colon + 1) : undefined;
}

/** Whether the text is a Mailbox. RFC 5321 section 4.1.2. */
export function isMailbox(text: string): boolean {
  if (text.length > SMTP_LIMITS.pathBytes) return false;
  const at = text.lastIndexOf("@");
  return at > 0 && isLocalPart(text.slice(0, at)) &&
    isDomainOrLiteral(text.slice(at + 1));
}

/** Whether an address has to be sent with SMTPUTF8. */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7e) return false;
  }
  return true;
}

function isLocalPart(text: string): boolean {
  if (text.startsWith('"')) {
    return /^"(?:[^"\\]|\\[\x20-\x7e])*"$/.test(text);
  }
  return /^[^\s"(),.:;<>@[\\\]]+(?:\.[^\s"(),.:;<>@[\\\]]+)*$/.test(text);
}

/** A domain, or an address in brackets. */
export function isDomainOrLiteral(text: string): boolean {
  if (!text.startsWith("[")) return isDomain(text);
  return /^\[(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45})\]$/i
    .test(text);
}

/** Labels of letters, digits, hyphens; underscores are let pass. */
function isDomain(text: string): boolean {
  if (text.length === 0 || text.length > 255) return false;
  return text.split(".").every((label) =>
    label.length <= 63 &&
    /^[A-Za-z0-9_\u0080-\u{10ffff}](?:[A-Za-z0-9_\u0080-\u{10ffff}-]*[A-Za-z0-9_\u0080-\u{10ffff}])?$/u
      .test(label)
  );
}

/** A whole number of digits only; `undefined` where it is none or too long. */
export function tryParseDigits(text: string): number | undefined {
  if (!/^[0-9]{1,20}$/.test(text)) return undefined;
  return Math.min(Number.parseInt(text, 10), Number.MAX_SAFE_INTEGER);
}

/**
 * Decodes xtext of RFC 3461 section 4; `undefined` where it is none, or hides
 * what is not printable ASCII.
 */
export function tryDecodeXtext(text: string): string | undefined {
  if (!/^(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*$/.test(text)) {
    return undefined;
  }
  const decoded = text.replace(
    /\+([0-9A-F]{2})/g,
    (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return /^[\x20-\x7e]*$/.test(decoded) ? decoded : undefined;
}

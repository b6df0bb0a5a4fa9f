/** `match [no] VALUE PATTERN...`: reads the condition of a block of steps. */
import { parseCidr } from "#src/config/cidr.ts";
import type { Scope } from "#src/config/directive.ts";
import { ConfigError } from "#src/config/errors.ts";
import { didYouMean } from "#src/config/nearest_word.ts";
import type { Arg, ConfigNode } from "#src/config/node.ts";
import { parsePattern } from "#src/config/pattern.ts";
import { parseDomain } from "#src/config/places.ts";
import {
  type Condition,
  MATCH_VALUES,
  type MatchValue,
  type StepPattern,
} from "./step.ts";

/** Reads the words behind `match`. Throws `ConfigError`. */
export function parseCondition(node: ConfigNode, scope: Scope): Condition {
  const args = [...node.args];
  const negate = args[0]?.text === "no" && !args[0].quoted;
  if (negate) args.shift();
  const word = args.shift();
  const value = MATCH_VALUES.find((known) => known === word?.text);
  if (word === undefined || value === undefined) {
    throw unknownValue(node, word);
  }
  if (value === "header") return headerCondition(node, negate, args, scope);
  const bare = value === "tls" || value === "local";
  const [first] = args;
  if (bare && first !== undefined) {
    throw new ConfigError(
      first.at,
      `Unexpected "${first.text}": "${value}" takes no pattern`,
    );
  }
  if (!bare && value !== "auth-user" && first === undefined) {
    throw new ConfigError(
      node.at,
      `"match ${value}" needs at least one pattern`,
    );
  }
  const patterns = args.map((arg) => readPattern(value, arg, scope));
  return { negate, value, patterns };
}

function unknownValue(node: ConfigNode, word: Arg | undefined): ConfigError {
  const known = MATCH_VALUES.join(", ");
  if (word === undefined) {
    return new ConfigError(
      node.at,
      '"match" needs what to compare',
      `One of ${known}`,
    );
  }
  return new ConfigError(
    word.at,
    `"match" cannot compare "${word.text}"`,
    didYouMean(word.text, MATCH_VALUES) ?? `One of ${known}`,
  );
}

/** `header NAME PATTERN...`; without a pattern the field has to be there. */
function headerCondition(
  node: ConfigNode,
  negate: boolean,
  args: readonly Arg[],
  scope: Scope,
): Condition {
  const [name, ...rest] = args;
  // RFC 5322 section 2.2: printable ASCII without the colon.
  if (name === undefined || !/^[!-9;-~]{1,200}$/.test(name.text)) {
    throw new ConfigError(
      name?.at ?? node.at,
      '"match header" needs the name of a header field',
      "Write it as: match header X-Spam-Flag YES { ... }",
    );
  }
  const field = name.text.toLowerCase();
  const patterns = rest.map((arg) => readPattern("header", arg, scope));
  return { negate, value: "header", field, patterns };
}

function readPattern(value: MatchValue, arg: Arg, scope: Scope): StepPattern {
  if (!arg.quoted && arg.text.startsWith("table:")) {
    const name = { ...arg, text: arg.text.slice("table:".length) };
    const instance = scope.reference("table", name);
    return { kind: "table", table: { role: "table", instance } };
  }
  if (value === "src-ip") {
    const network = arg.quoted || !/^\/.*\/i?$/.test(arg.text)
      ? parseCidr(arg.text)
      : undefined;
    if (network !== undefined) return { kind: "network", network };
  }
  const pattern = parsePattern(arg);
  if (pattern.kind !== "equal") return pattern;
  switch (value) {
    case "src-ip":
      throw new ConfigError(
        arg.at,
        `"${arg.text}" is neither an address nor a network`,
        "Write it as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32",
      );
    case "rcpt-domain":
    case "from-domain":
    case "src-hostname":
      return { kind: "equal", text: domainText(arg) };
    case "rcpt":
    case "from":
      return { kind: "equal", text: addressText(arg) };
    default:
      return pattern;
  }
}

/** Domains are compared in ASCII lower case. */
function domainText(arg: Arg): string {
  // Empty stands for what has no domain: `match from-domain ""`.
  if (arg.text === "") return "";
  const text = parseDomain(arg.text);
  if (text !== undefined) return text;
  throw new ConfigError(arg.at, `"${arg.text}" is not a domain`);
}

/** Addresses are compared in lower case; empty is the null sender. */
function addressText(arg: Arg): string {
  const text = arg.text.replace(/^<(.*)>$/s, "$1");
  const at = text.lastIndexOf("@");
  const host = parseDomain(text.slice(at + 1));
  if (at <= 0 || host === undefined) return text.toLowerCase();
  return `${text.slice(0, at).toLowerCase()}@${host}`;
}

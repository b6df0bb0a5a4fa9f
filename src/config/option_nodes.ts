/** `key=value` words behind a reference, as nodes that a schema can parse. */
import type { OptionNodes } from "#src/config/directive.ts";
import { ConfigError } from "./errors.ts";
import type { Arg, ConfigNode } from "./node.ts";

/**
 * Splits each word at its first `=`. The key alone (`verify`) is a directive
 * without argument, which a `bool` reads as true. The first word that cannot
 * be an option is thrown as `ConfigError`.
 */
export function optionNodes(args: readonly Arg[]): OptionNodes {
  return args.map(optionNode);
}

function optionNode(arg: Arg): ConfigNode {
  const equals = arg.text.indexOf("=");
  const name = equals < 0 ? arg.text : arg.text.slice(0, equals);
  if (arg.quoted || !/^[A-Za-z][\w-]*$/.test(name)) {
    throw new ConfigError(
      arg.at,
      `Unexpected "${arg.text}"`,
      "Options are written as key=value, without spaces",
    );
  }
  if (equals < 0) return { name, at: arg.at, args: [], block: undefined };
  const value: Arg = {
    text: arg.text.slice(equals + 1),
    at: { ...arg.at, column: arg.at.column + equals + 1 },
    quoted: false,
  };
  return { name, at: arg.at, args: [value], block: undefined };
}

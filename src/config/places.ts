/** Directives that name something on the network or on the disk. */
import {
  formatListenAddress,
  type ListenAddress,
  parseListenAddress,
} from "#src/net/listener.ts";
import { ConfigError } from "./errors.ts";
import type { Arg } from "./node.ts";
import { type Cidr, formatCidr, parseCidr } from "./cidr.ts";
import { parsePattern, type Pattern } from "./pattern.ts";
import {
  type DirectiveOptions,
  scalar,
  type ScalarDirective,
} from "./scalar.ts";

/** A domain in ASCII lower case; what people write in Unicode is converted. */
export function domain(
  options: DirectiveOptions<string>,
): ScalarDirective<string> {
  return scalar({
    syntax: "DOMAIN",
    read: readDomain,
    write: (value) => value,
  }, options);
}

function readDomain(arg: Arg): string {
  const value = parseDomain(arg.text);
  if (value !== undefined) return value;
  throw new ConfigError(
    arg.at,
    `"${arg.text}" is not a domain`,
    /[,;]$/.test(arg.text)
      ? "Only spaces stand between words, and nothing ends a line"
      : "Write it without scheme and port: example.org",
  );
}

/**
 * The domain in ASCII lower case without final dot. RFC 5890 section 2.3.2.1;
 * `undefined` where it cannot be one. A single label (`localhost`) is one.
 */
export function parseDomain(text: string): string | undefined {
  if (text.length === 0 || text.length > 253 || /[\s/:@?#\\%]/.test(text)) {
    return undefined;
  }
  const url = URL.parse(`http://${text.replace(/\.$/, "")}`);
  const host = url?.hostname ?? "";
  // The URL parser reads "1.2" as an address; that is no domain here.
  if (host === "" || /^[0-9.]+$/.test(host) || host.startsWith("[")) {
    return undefined;
  }
  const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
  return host.split(".").every((part) => label.test(part)) ? host : undefined;
}

/** An address `local@domain`; the domain becomes ASCII lower case. */
export function address(
  options: DirectiveOptions<string>,
): ScalarDirective<string> {
  return scalar({
    syntax: "ADDRESS",
    read(arg): string {
      const at = arg.text.lastIndexOf("@");
      const host = parseDomain(arg.text.slice(at + 1));
      // deno-lint-ignore no-control-regex -- controls are what must not pass
      const local = /^[^\s@<>\x00-\x1f\x7f]{1,64}$/;
      if (at > 0 && host !== undefined && local.test(arg.text.slice(0, at))) {
        return `${arg.text.slice(0, at)}@${host}`;
      }
      throw new ConfigError(
        arg.at,
        `"${arg.text}" is not an address`,
        "Write it as user@example.org",
      );
    },
    write: (value) => value,
  }, options);
}

/** `host:port`, an IPv6 host in brackets. */
export function listenAddress(
  options: DirectiveOptions<ListenAddress>,
): ScalarDirective<ListenAddress> {
  return scalar({
    syntax: "HOST:PORT",
    read: readListenAddress,
    write: formatListenAddress,
  }, options);
}

/** Reads the word as `host:port` or throws `ConfigError`. */
export function readListenAddress(arg: Arg): ListenAddress {
  const value = parseListenAddress(arg.text);
  if (value !== undefined) return value;
  throw new ConfigError(
    arg.at,
    `"${arg.text}" is not an address to listen on`,
    "Write it as 0.0.0.0:25, [::]:25 or localhost:25",
  );
}

/** A network such as `10.0.0.0/8`, or one address. */
export function cidr(options: DirectiveOptions<Cidr>): ScalarDirective<Cidr> {
  return scalar({
    syntax: "ADDRESS[/BITS]",
    read(arg): Cidr {
      const value = parseCidr(arg.text);
      if (value !== undefined) return value;
      throw new ConfigError(
        arg.at,
        `"${arg.text}" is not an address or network`,
        "Write it as 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32",
      );
    },
    write: formatCidr,
  }, options);
}

/**
 * A path; the value is absolute. A relative one starts at `state_dir`, and so
 * does a relative default.
 */
export function path(
  options: DirectiveOptions<string>,
): ScalarDirective<string> {
  const fallback = options.default;
  const directive = scalar({
    syntax: "PATH",
    read(arg, scope): string {
      if (arg.text !== "" && !arg.text.includes("\0")) {
        return scope.resolvePath(arg.text);
      }
      throw new ConfigError(arg.at, "Expected a path");
    },
    write: (value) => value,
  }, options);
  if (fallback === undefined) return directive;
  return { ...directive, absent: (scope) => scope.resolvePath(fallback) };
}

/** A word to compare with, or `/expression/` for a partial match. */
export function pattern(
  options: DirectiveOptions<Pattern>,
): ScalarDirective<Pattern> {
  return scalar({
    syntax: "WORD|/EXPRESSION/",
    read: parsePattern,
    write: (value) =>
      value.kind === "equal" ? value.text : `/${value.source}/${value.flags}`,
  }, options);
}

/**
 * The plain kinds of directives: text, words, numbers, yes and no, choices,
 * secrets. Durations and sizes are in `quantities.ts`, names and places of the
 * network and the disk in `places.ts`, what is made of others in `compound.ts`.
 */
import type { Directive } from "#src/config/directive.ts";
import { ConfigError } from "./errors.ts";
import { didYouMean } from "./nearest_word.ts";
import {
  type DirectiveOptions,
  lineOf,
  onlyLine,
  refuseBlock,
  scalar,
  type ScalarDirective,
  type WordKind,
} from "./scalar.ts";

/** Any one word; spaces need quotes. */
export function string(
  options: DirectiveOptions<string>,
): ScalarDirective<string> {
  return scalar({ ...TEXT }, options);
}

const TEXT: WordKind<string> = {
  syntax: "TEXT",
  read: (arg) => arg.text,
  write: (value) => value,
};

/** One or more words in a line; lines add up. */
export function words(
  options: DirectiveOptions<readonly string[]>,
): Directive<readonly string[]> {
  const fallback = options.default;
  return {
    doc: options.doc,
    syntax: "WORD...",
    repeatable: true,
    defaultText: fallback === undefined
      ? undefined
      : fallback.join(" ") || "none",
    ...(fallback === undefined ? {} : { absent: () => fallback }),
    parse: (nodes) =>
      nodes.flatMap((node) => {
        refuseBlock(node);
        if (node.args.length > 0) return node.args.map((arg) => arg.text);
        throw new ConfigError(
          node.at,
          `"${node.name}" needs at least one word`,
        );
      }),
    format: (value, name) => value.length === 0 ? [] : [lineOf(name, value)],
  };
}

/** A whole number, digits only. */
export function integer(
  options: DirectiveOptions<number> & {
    readonly min?: number;
    readonly max?: number;
  },
): ScalarDirective<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  return scalar({
    syntax: "NUMBER",
    read(arg): number {
      // `Number` alone would take "1e3", "0x10" and "".
      const value = /^-?[0-9]{1,16}$/.test(arg.text)
        ? Number.parseInt(arg.text, 10)
        : Number.NaN;
      if (!Number.isSafeInteger(value)) {
        throw new ConfigError(arg.at, `"${arg.text}" is not a whole number`);
      }
      if (value < min || value > max) {
        const range = max === Number.MAX_SAFE_INTEGER
          ? `at least ${min}`
          : `from ${min} to ${max}`;
        throw new ConfigError(arg.at, `${value} is out of range`, range);
      }
      return value;
    },
    write: String,
  }, options);
}

/** The words that mean yes and no. */
const BOOLS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["yes", true],
  ["on", true],
  ["false", false],
  ["no", false],
  ["off", false],
]);

/** Yes or no; the name alone means yes. */
export function bool(
  options: DirectiveOptions<boolean>,
): ScalarDirective<boolean> {
  return scalar({
    syntax: "true|false",
    bare: true,
    read(arg): boolean {
      const value = BOOLS.get(arg.text);
      if (value !== undefined) return value;
      throw new ConfigError(
        arg.at,
        `"${arg.text}" is neither true nor false`,
        "Write true or false (also yes, no, on, off)",
      );
    },
    write: String,
  }, options);
}

/** One of the given words. */
export function oneOf<const T extends string>(
  choices: readonly T[],
  options: DirectiveOptions<NoInfer<T>>,
): ScalarDirective<T> {
  return scalar<T>({
    syntax: choices.join("|"),
    read(arg): T {
      const found = choices.find((choice) => choice === arg.text);
      if (found !== undefined) return found;
      throw new ConfigError(
        arg.at,
        choices.length === 1
          ? `"${arg.text}" is not known here, only "${choices[0]}" is`
          : `"${arg.text}" is not one of ${choices.join(", ")}`,
        didYouMean(arg.text, choices),
      );
    },
    write: (value) => value,
  }, options);
}

/**
 * A password or key. The value is the plain text (it has to reach its worker
 * as data); whatever prints the configuration shows `[secret]`. Best written
 * as `{file:PATH}` or `{env:NAME}`.
 */
export function secret(
  options: DirectiveOptions<string>,
): ScalarDirective<string> {
  return scalar({ ...TEXT, syntax: "SECRET", secret: true }, options);
}

/** What stands for a secret wherever configuration is printed. */
export const SECRET_TEXT = "[secret]";

/** The same directive, which may be left out: then the value is `undefined`. */
export function optional<T>(
  directive: Directive<T>,
): Directive<T | undefined> {
  const { format } = directive;
  return {
    ...directive,
    defaultText: "none",
    absent: () => undefined,
    parse: (nodes, scope) => directive.parse(nodes, scope),
    format: (value, name) =>
      value === undefined || format === undefined
        ? []
        : format.call(directive, value, name),
  };
}

/** The line of a switch: present or not, without words. */
export function flag(options: { readonly doc: string }): Directive<boolean> {
  return {
    doc: options.doc,
    syntax: "",
    defaultText: "off",
    absent: () => false,
    parse(nodes, scope): boolean {
      const node = onlyLine(nodes, scope);
      refuseBlock(node);
      const [extra] = node.args;
      if (extra === undefined) return true;
      throw new ConfigError(
        extra.at,
        `Unexpected "${extra.text}": "${node.name}" takes no words`,
      );
    },
    format: (value, name) => value ? [lineOf(name, [])] : [],
  };
}

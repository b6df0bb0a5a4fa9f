/**
 * Typed directives: how the lines of one block become a typed value.
 *
 * The keys of a schema are the literal words of the file (snake_case or with
 * hyphens): one grep finds file, schema and use.
 */
import type { ConfigError } from "#src/config/errors.ts";
import type { Arg, ConfigNode, Position } from "#src/config/node.ts";

/** Turns all lines of one name in a block into a value of type `T`. */
export interface Directive<T> {
  /** One sentence for the reference. */
  readonly doc: string;
  /** What follows the name, for the reference and for errors. */
  readonly syntax: string;
  /** What stands in the reference as default; `undefined`: none. */
  readonly defaultText: string | undefined;
  /**
   * The value where the block does not have the directive. Left out: the
   * directive is required.
   */
  readonly absent?: (scope: Scope) => T;
  /** May the name stand in one block more than once? */
  readonly repeatable?: boolean;
  /**
   * Names whose lines this directive takes, in the order written, instead of
   * those with its own key (pipeline steps).
   */
  readonly claims?: readonly string[];
  /**
   * The value of the lines. At least one. Mistakes are thrown as `ConfigError`
   * (the caller collects it and goes on with the next directive) or reported
   * through the scope where parsing can go on.
   */
  parse(nodes: readonly ConfigNode[], scope: Scope): T;
  /**
   * Lines that parse to `value` again, for `config expand`, which prints
   * defaults with it. Left out: the default is printed as a comment.
   */
  format?(value: T, name: string): readonly ConfigNode[];
  /** What the lines say must not be printed. */
  readonly secret?: boolean;
  /** The directives inside the braces, where the lines have a block. */
  readonly schema?: Schema;
}

/** The directives that a block accepts, keyed by the word in the file. */
// deno-lint-ignore no-explicit-any -- a schema holds directives of every type
export type Schema = Readonly<Record<string, Directive<any>>>;

/** The typed result of parsing a block against `S`. */
export type ConfigOf<S extends Schema> = {
  readonly [K in keyof S]: S[K] extends Directive<infer T> ? T : never;
};

/** What a directive may ask of its surroundings while parsing. */
export interface Scope {
  /** The block that is parsed: where to point when a line is missing. */
  readonly at: Position;
  /** Notes a mistake and goes on; all are shown together. */
  report(error: ConfigError): void;
  /**
   * Notes that this block uses the instance `name` in `role` and returns the
   * name of the instance. Existence, role, options and cycles are checked when
   * the whole file is known. `name` left out asks for the default instance of
   * the role (`default-ROLE`, `default`, the built-in one).
   */
  reference(role: string, name: Arg | undefined, options?: OptionNodes): string;
  /**
   * As `reference`, and types the options by the `options` schema of the
   * module behind the name, defaults filled in: what goes into
   * `DeliveryContext.options`. This is how pipeline steps refer to filters and
   * deliveries (`filter dkim verify=true`): parse the words with
   * `optionNodes(args)` (`option_nodes.ts`), call this, keep the result in the
   * step. It works at once because the headers of all blocks are known before
   * the first block is parsed. After a mistake (which is reported) the result
   * still has the name that was asked for, so that parsing can go on.
   */
  referenceWithOptions(
    role: string,
    name: Arg | undefined,
    options: OptionNodes,
  ): TypedReference;
  /**
   * An absolute path. A relative one starts at `state_dir` (for global
   * directives: at the folder of the configuration file).
   */
  resolvePath(text: string): string;
  /**
   * Notes that mail for `domain` goes to the instances `deliveries` and to no
   * other. Where all of them keep mailboxes and the file has no `domains`, the
   * domain is one of them.
   */
  noteDomain(domain: string, deliveries: readonly string[]): void;
}

/** `key=value` words behind a reference, one node each. */
export type OptionNodes = readonly ConfigNode[];

/** A reference with what follows it at the place of use. */
export interface TypedReference {
  /** Name of the instance that is referred to. */
  readonly instance: string;
  /** Typed by the `options` of its module. Plain data. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** References from one block of the configuration to another instance. */
import type { Directive } from "#src/config/directive.ts";
import { ConfigError } from "#src/config/errors.ts";
import { lineOf } from "#src/config/scalar.ts";
import type { RoleName } from "#src/module/roles/roles.ts";

/**
 * Names an instance in a role. Plain data, so that a configuration can be
 * printed and sent to a worker; `host.use(ref)` gives the implementation.
 */
export interface Ref<R extends RoleName> {
  readonly role: R;
  readonly instance: string;
}

/** What a reference can be told. */
export interface RefOptions {
  readonly doc: string;
  /**
   * The instance where the line is left out (`remote`), instead of the default
   * instance of the role.
   */
  readonly default?: string;
}

/** A reference that falls back to the default instance of its role. */
export function ref<R extends RoleName>(
  role: R,
  options: RefOptions,
): Directive<Ref<R>> {
  const fallback = options.default;
  return {
    doc: options.doc,
    syntax: "INSTANCE",
    defaultText: fallback ??
      `the default instance of role ${role}`,
    absent(scope): Ref<R> {
      const name = fallback === undefined
        ? undefined
        : { text: fallback, at: scope.at, quoted: false };
      return { role, instance: scope.reference(role, name) };
    },
    parse(nodes, scope): Ref<R> {
      const [node] = nodes;
      const [name, extra] = node?.args ?? [];
      if (node === undefined || name === undefined) {
        throw new ConfigError(
          node?.at ?? scope.at,
          "Expected the name of an instance",
          node === undefined ? undefined : `Write it as: ${node.name} INSTANCE`,
        );
      }
      if (extra !== undefined) {
        throw new ConfigError(extra.at, `Unexpected "${extra.text}"`);
      }
      return { role, instance: scope.reference(role, name) };
    },
    format: (value, name) => [lineOf(name, [value.instance])],
  };
}

/** A reference that may be left out; then the value is `undefined`. */
export function optionalRef<R extends RoleName>(
  role: R,
  options: { readonly doc: string },
): Directive<Ref<R> | undefined> {
  return {
    ...ref(role, options),
    defaultText: "none",
    absent: () => undefined,
    format: (value, name) =>
      value === undefined ? [] : [lineOf(name, [value.instance])],
  };
}

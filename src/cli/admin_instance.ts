/** Finds the instance that a command is about. */
import type { Configuration } from "#src/module/configuration.ts";
import type { RoleName } from "#src/module/roles/roles.ts";
import { CliError, USAGE } from "./exit_code.ts";

/** Which instances a command can be about. */
export interface AdminTarget {
  /** What they are called in messages. */
  readonly what: string;
  /** Name of the module, or a role besides `admin`. */
  readonly module?: string;
  readonly role?: RoleName;
  /** What `--instance` says. */
  readonly named: string | boolean | undefined;
}

/** The one instance that fits, or the named one. */
export function adminInstance(
  { instances }: Configuration,
  { what, module, role, named }: AdminTarget,
): string {
  const all = [...instances.values()].filter((instance) =>
    instance.module.roles.includes("admin") &&
    (module === undefined || instance.module.name === module) &&
    (role === undefined || instance.module.roles.includes(role))
  );
  const names = all.map(({ name }) => name);
  if (typeof named === "string") {
    const found = all.find(({ name, aliases }) =>
      name === named || aliases.includes(named)
    );
    if (found !== undefined) return found.name;
    throw new CliError(
      `There is no ${what} "${named}"`,
      USAGE,
      `There are: ${names.join(", ")}`,
    );
  }
  const preferred = names.find((name) => name === `default-${role}`) ??
    names.find((name) => name === "default");
  const [first, second] = names;
  if (preferred !== undefined) return preferred;
  if (first !== undefined && second === undefined) return first;
  throw new CliError(
    first === undefined
      ? `The configuration has no ${what}`
      : `The configuration has several: ${names.join(", ")}`,
    USAGE,
    first === undefined ? undefined : "Say which one: --instance NAME",
  );
}

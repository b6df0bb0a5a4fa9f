/** What an instance needs to run. */
import type { Configuration } from "#src/module/configuration.ts";

/** The instance and everything that it refers to, directly or not. */
export function closure(
  { instances }: Configuration,
  instance: string,
): ReadonlySet<string> {
  const names = new Set([instance]);
  // A set that grows while it is walked: what is added is walked as well.
  for (const name of names) {
    for (const { to } of instances.get(name)?.references ?? []) names.add(to);
  }
  return names;
}

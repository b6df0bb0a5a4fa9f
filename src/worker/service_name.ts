/** Names of services between workers. */
import type { RoleName } from "#src/module/roles/roles.ts";

/** The name under which an instance is called in a role. */
export function serviceName(role: RoleName, instance: string): string {
  return `${role} ${instance}`;
}

/** What pipelines need of the system, apart from what runs them. */
import type { Setting } from "#src/module/define.ts";
import type { Permissions } from "#src/module/permissions.ts";

/** What the worker of an endpoint needs for its pipeline. */
export function pipelinePermissions({ globals }: Setting): Permissions {
  const folders = [globals.spool_dir];
  return {
    dns: true,
    read: folders,
    write: folders,
    ...(globals.min_free > 0 ? { sys: ["statfs"] } : {}),
  };
}

/** Runs what modules ask for before any worker starts: folders and keys. */
import type { Clock } from "#src/clock/clock.ts";
import type { Resolver } from "#src/dns/resolver.ts";
import type { Log } from "#src/log/log.ts";
import type { Configuration } from "#src/module/configuration.ts";
import { StartError } from "./runtime.ts";

/** What the hosts of `prepare` have. */
export interface PrepareSurroundings {
  readonly log: Log;
  readonly clock: Clock;
  readonly resolver: Resolver;
}

/** Prepares the named instances, dependencies first. */
export async function prepareInstances(
  configuration: Configuration,
  names: ReadonlySet<string>,
  { log, clock, resolver }: PrepareSurroundings,
): Promise<void> {
  for (const { name, module, config } of configuration.instances.values()) {
    if (module.prepare === undefined || !names.has(name)) continue;
    try {
      await module.prepare(config, {
        instance: name,
        addresses: [],
        worker: "main",
        globals: configuration.globals,
        log: log.with({ instance: name }),
        clock,
        resolver,
        use: nothingRuns,
        spawn: nothingRuns,
      });
    } catch (error) {
      throw new StartError(name, error);
    }
  }
}

function nothingRuns(): never {
  throw new TypeError("Nothing runs yet while instances prepare");
}

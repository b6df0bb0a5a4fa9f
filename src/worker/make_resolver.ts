/** The resolver of a worker: one cache for all of its instances. */
import type { Clock } from "#src/clock/clock.ts";
import { CachingResolver } from "#src/dns/caching_resolver.ts";
import type { NameServer } from "#src/dns/name_servers.ts";
import type { Resolver } from "#src/dns/resolver.ts";
import { SystemResolver } from "#src/dns/system_resolver.ts";

/** Asks these servers; nothing is opened before the first question. */
export function makeResolver(
  servers: readonly NameServer[],
  clock: Clock,
): Resolver {
  return new CachingResolver(new SystemResolver({ servers }), clock);
}

/** The resolver of a worker: one cache for all of its instances. */
import type { Clock } from "#src/clock/clock.ts";
import { CachingResolver } from "#src/dns/caching_resolver.ts";
import type { NameServer } from "#src/dns/name_servers.ts";
import type { MxRecord, Resolver } from "#src/dns/resolver.ts";

/** Asks these servers; nothing is loaded or opened before the first question. */
export function makeResolver(
  servers: readonly NameServer[],
  clock: Clock,
): Resolver {
  return new CachingResolver(new LateResolver(servers), clock);
}

/** Workers that never ask do not pay for sockets and DNS messages. */
class LateResolver implements Resolver {
  readonly #servers: readonly NameServer[];
  #resolver: Promise<Resolver> | undefined;

  constructor(servers: readonly NameServer[]) {
    this.#servers = servers;
  }

  async a(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return await (await this.#get()).a(name, signal);
  }

  async aaaa(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return await (await this.#get()).aaaa(name, signal);
  }

  async mx(name: string, signal?: AbortSignal): Promise<readonly MxRecord[]> {
    return await (await this.#get()).mx(name, signal);
  }

  async txt(
    name: string,
    signal?: AbortSignal,
  ): Promise<readonly (readonly string[])[]> {
    return await (await this.#get()).txt(name, signal);
  }

  async ptr(address: string, signal?: AbortSignal): Promise<readonly string[]> {
    return await (await this.#get()).ptr(address, signal);
  }

  #get(): Promise<Resolver> {
    return this.#resolver ??= this.#load();
  }

  async #load(): Promise<Resolver> {
    const { SystemResolver } = await import("#src/dns/system_resolver.ts");
    return new SystemResolver({ servers: this.#servers });
  }
}

/**
 * What one worker may call in another: the roles that the configuration makes
 * it use there, and no more. A worker that was taken over can so not reach
 * accounts, keys or mail by services that it has nothing to do with.
 */
import type { Service } from "./channel.ts";

/** Services of a worker as one of its peers sees them. */
export class PeerServices {
  readonly #shared: ReadonlyMap<string, Service>;
  readonly #roles: ReadonlyMap<string, Service>;
  readonly #allowed: ReadonlySet<string>;

  /**
   * `shared`: what answers or hints need, open to every peer; it may grow.
   * `roles`: the instances; of these only the `allowed` names.
   */
  constructor(
    shared: ReadonlyMap<string, Service>,
    roles: ReadonlyMap<string, Service>,
    allowed: Iterable<string>,
  ) {
    this.#shared = shared;
    this.#roles = roles;
    this.#allowed = new Set(allowed);
  }

  get(name: string): Service | undefined {
    const shared = this.#shared.get(name);
    if (shared !== undefined) return shared;
    return this.#allowed.has(name) ? this.#roles.get(name) : undefined;
  }

  *values(): Generator<Service, void> {
    yield* this.#shared.values();
    for (const name of this.#allowed) {
      const service = this.#roles.get(name);
      if (service !== undefined) yield service;
    }
  }
}
